use vitae::Lifecycle;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order<'a> {
    #[state(initial)]
    Draft(&'a str),
}

fn main() {}
