//! `cargo run -p http-service [file]` serves bookings on <http://127.0.0.1:8080> until Ctrl-C.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use http_service::booking::Booking;
use tokio::net::TcpListener;
use vitae::Bus;
use vitae::tokio::AsyncBus;
use vitae_sqlite::SqliteStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).map_or_else(|| "bookings.db".into(), PathBuf::from);
    let bus = Bus::builder(Arc::new(SqliteStore::open(file)?)).register::<Booking>().open()?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("bookings on http://{}", listener.local_addr()?);
    http_service::serve(listener, AsyncBus::new(bus), tokio::signal::ctrl_c()).await?;
    Ok(())
}
