use vitae::Lifecycle;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
struct Order;

fn main() {}
