//! Settings of the SDK. All are said here; none is left to a default that a new version may change.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudformation::config::{
    AppName, BehaviorVersion, FrameworkMetadata, Region, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::cloud::Target;
use crate::cloud::aws::{Settings, deviations, retry};

/// The behaviour of the SDK that this code was tested with.
fn version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// The one HTTP client: rustls with ring, proxies as the environment says.
///
/// An emulator on this machine is reached without a proxy, whatever `HTTP_PROXY` says.
pub(crate) fn http(endpoint: Option<&str>) -> SharedHttpClient {
    let proxied = !endpoint.is_some_and(deviations::is_loopback);
    // Behind any other address credentials may have to come from AWS itself.
    let encrypted = proxied || endpoint.is_some_and(|e| e.starts_with("https://"));
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|c| c.sleep_impl()));
        connector.set_proxy_config(Some(if proxied { ProxyConfig::from_env() } else { ProxyConfig::disabled() }));
        if encrypted {
            connector.tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build()
        } else {
            connector.build_http()
        }
    })
}

/// Pause before the second attempt of a call: AWS asks for patience, an emulator needs none.
pub(crate) fn first_pause(settings: &Settings) -> Duration {
    let emulated = settings.http.is_none() && settings.endpoint.as_deref().is_some_and(deviations::is_loopback);
    if emulated { Duration::from_millis(50) } else { Duration::from_secs(1) }
}

/// True where credentials are made up.
pub(crate) fn is_emulated(settings: &Settings) -> bool {
    let elsewhere = settings.http.is_some() || settings.endpoint.as_deref().is_some_and(deviations::is_loopback);
    elsewhere && !settings.real_credentials
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(3100))
        .read_timeout(Duration::from_secs(30))
        .operation_attempt_timeout(Duration::from_secs(35))
        .operation_timeout(Duration::from_secs(240))
        .build()
}

/// Timeouts of the first look: who does not answer a question as small as this one is not there.
pub(crate) fn first_look() -> TimeoutConfig {
    timeouts().to_builder().read_timeout(Duration::from_secs(8)).build()
}

/// Settings and credentials of one account, from the region that was asked for first.
pub(crate) async fn load(target: &Target, settings: &Settings, http: SharedHttpClient) -> SdkConfig {
    if is_emulated(settings) { emulated(target, settings, http) } else { standard(target, settings, http).await }
}

/// Without a look at environment and shared configuration: a test bed is the same on every machine.
fn emulated(target: &Target, settings: &Settings, http: SharedHttpClient) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(version())
        .region(Region::new(target.region.clone()))
        .http_client(http)
        .timeout_config(timeouts())
        .retry_config(retry::policy(first_pause(settings)))
        .identity_cache(identities())
        .stalled_stream_protection(stalled())
        .credentials_provider(SharedCredentialsProvider::new(deviations::made_up_credentials(&target.account)));
    config.set_app_name(app_name());
    config.set_sleep_impl(settings.sleep.clone());
    config.set_endpoint_url(settings.endpoint.clone());
    config.build()
}

/// The standard credential chain, or the account's profile, and the account's role on top of it.
async fn standard(target: &Target, settings: &Settings, http: SharedHttpClient) -> SdkConfig {
    let account = &target.account;
    let mut loader = aws_config::defaults(version())
        .region(Region::new(target.region.clone()))
        .http_client(http)
        .timeout_config(timeouts())
        .retry_config(retry::policy(first_pause(settings)))
        .identity_cache(identities())
        .stalled_stream_protection(stalled());
    if let Some(name) = app_name() {
        loader = loader.app_name(name);
    }
    if let Ok(metadata) = FrameworkMetadata::new("infra", Some(env!("CARGO_PKG_VERSION"))) {
        loader = loader.framework_metadata(metadata);
    }
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(sleep) = &settings.sleep {
        loader = loader.sleep_impl(sleep.clone());
    }
    if let Some(profile) = &account.profile {
        loader = loader.profile_name(profile);
    }
    let config = loader.load().await;
    let Some(role) = &account.role else { return config };
    let mut provider = AssumeRoleProvider::builder(role)
        .configure(&config)
        .region(Region::new(target.region.clone()))
        .session_length(Duration::from_secs(3600))
        .session_name(settings.session_name.as_deref().unwrap_or("infra"));
    if let Some(id) = &account.external_id {
        provider = provider.external_id(id);
    }
    let role = SharedCredentialsProvider::new(provider.build().await);
    config.into_builder().credentials_provider(role).build()
}

/// Renews early, so that a call does not begin with credentials that run out on the way.
fn identities() -> aws_sdk_cloudformation::config::SharedIdentityCache {
    IdentityCache::lazy().load_timeout(Duration::from_secs(30)).buffer_time(Duration::from_secs(300)).build()
}

fn stalled() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::enabled().grace_period(Duration::from_secs(20)).build()
}

/// How we name ourselves in the user agent.
fn app_name() -> Option<AppName> {
    AppName::new("infra").ok()
}
