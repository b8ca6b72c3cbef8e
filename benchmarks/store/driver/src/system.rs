//! The systems, and where their programs are.

pub struct System {
    pub name: &'static str,
    pub program: Program,
    /// Whether an acknowledged commit outlives less than the power going, unless the system is told
    /// otherwise: it is then measured with its defaults too.
    pub default_differs: bool,
}

pub enum Program {
    /// A program of the workspace, named after the system.
    Here,
    /// A Cargo project of its own in `store/peers`.
    Peer,
    /// A Python script in `store/peers`, with its requirements.
    Python,
}

impl System {
    pub fn is_peer(&self) -> bool {
        !matches!(self.program, Program::Here)
    }
}

const fn system(name: &'static str, program: Program, default_differs: bool) -> System {
    System { name, program, default_differs }
}

pub static SYSTEMS: [System; 8] = [
    system("vitae", Program::Here, false),
    system("raw-a", Program::Here, false),
    system("raw-b", Program::Here, false),
    system("sqlite-es", Program::Peer, true),
    system("eventcore-sqlite", Program::Peer, false),
    system("evento", Program::Peer, true),
    system("mire", Program::Peer, false),
    system("python-eventsourcing", Program::Python, false),
];
