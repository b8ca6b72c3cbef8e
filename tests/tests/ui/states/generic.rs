use vitae::Lifecycle;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order<T> {
    Draft(T),
}

fn main() {}
