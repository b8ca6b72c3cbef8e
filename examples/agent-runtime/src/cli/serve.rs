//! `serve`: everything live on a local web page.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use agent_runtime::overview::Scope;
use agent_runtime::serve::{Sights, Token, serve as serve_page};
use tokio::net::TcpListener;

use super::{Failure, Watched};

pub(super) fn serve(watched: &Watched, port: u16) -> Result<(), Failure> {
    let store = watched.store()?;
    let token = Token::new()?;
    let secret = token.as_str().to_owned();
    let scope = Scope::new(watched.session.as_deref())?;
    let sights = Sights::new(store, scope, watched.desk("page"), token);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let mut out = io::stdout().lock();
        writeln!(out, "Open http://{address}/#token={secret}")?;
        writeln!(out, "Whoever has the token may answer requests. Ctrl-C ends it.")?;
        out.flush()?;
        Ok(serve_page(listener, sights, tokio::signal::ctrl_c()).await?)
    })
}
