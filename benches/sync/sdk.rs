//! What the AWS SDK alone needs to fetch the same pages: its own client, its own typed output.

use std::error::Error;

use aws_config::BehaviorVersion;

/// Fetches every page from `url` and counts the handshakes.
pub fn run(url: &str) -> Result<usize, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // The same TLS library as the program, so that both set up the same.
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(aws_smithy_http_client::tls::Provider::Rustls(
                aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
            ))
            .build_https();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .endpoint_url(url)
            .load()
            .await;
        let client = aws_sdk_organizations::Client::new(&config);
        let (mut token, mut handshakes) = (None, 0);
        loop {
            let page = client
                .list_handshakes_for_organization()
                .max_results(20)
                .set_next_token(token)
                .send()
                .await?;
            handshakes += page.handshakes().len();
            token = page.next_token;
            if token.is_none() {
                return Ok(handshakes);
            }
        }
    })
}
