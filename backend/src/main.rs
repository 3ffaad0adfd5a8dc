//! `backend`: serve, work, all, migrate, admin, openapi.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    backend::roles::run()
}
