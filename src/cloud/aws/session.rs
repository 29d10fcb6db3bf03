//! One account: credentials and who they belong to.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::OnceCell;

use crate::cloud::aws::body::{LastHost, WholeAnswer};
use crate::cloud::aws::error::{Context, translate};
use crate::cloud::aws::{Settings, config, retry};
use crate::cloud::{Call, CloudError, ErrorKind, Identity, Target};

/// An account as its first region sees it.
pub(crate) struct Session {
    target: Target,
    settings: Arc<Settings>,
    http: SharedHttpClient,
    sdk: OnceCell<SdkConfig>,
    identity: OnceCell<Identity>,
}

impl Session {
    pub(crate) fn new(target: Target, settings: Arc<Settings>, http: SharedHttpClient) -> Self {
        Self { target, settings, http, sdk: OnceCell::new(), identity: OnceCell::new() }
    }

    /// Settings and credentials; read once.
    pub(crate) async fn sdk(&self) -> &SdkConfig {
        self.sdk.get_or_init(|| config::load(&self.target, &self.settings, self.http.clone())).await
    }

    /// Who we are; asked once. A failure is not kept, so that the next one may ask again.
    pub(crate) async fn identify(&self) -> Result<Identity, CloudError> {
        self.identity.get_or_try_init(|| self.ask()).await.cloned()
    }

    async fn ask(&self) -> Result<Identity, CloudError> {
        const OPERATION: &str = "GetCallerIdentity";
        let host = LastHost::default();
        let config = aws_sdk_sts::config::Builder::from(self.sdk().await)
            .retry_config(retry::first_look(config::first_pause(&self.settings)))
            .timeout_config(config::first_look())
            .interceptor(WholeAnswer { host: Arc::clone(&host) })
            .build();
        if let Some(observer) = &self.settings.observer {
            observer(&Call { operation: OPERATION, target: self.target.clone() });
        }
        let answer = aws_sdk_sts::Client::from_conf(config).get_caller_identity().send().await;
        let identity = answer.map_err(|error| {
            translate(&error, &Context { operation: OPERATION, target: &self.target, host: last(&host) })
        })?;
        self.check(Identity {
            account: identity.account().unwrap_or_default().to_owned(),
            arn: identity.arn().unwrap_or_default().to_owned(),
        })
    }

    /// Refuses credentials of another account before anything is asked or written there.
    fn check(&self, identity: Identity) -> Result<Identity, CloudError> {
        let account = &self.target.account;
        match &account.id {
            Some(id) if *id != identity.account => Err(CloudError::new(
                ErrorKind::WrongAccount,
                "GetCallerIdentity",
                format!(
                    "the credentials for account `{}` belong to {}, not to {id} (`{}`)",
                    account.name, identity.account, identity.arn
                ),
            )
            .help("use other credentials, or give the account a `profile` or a `role`")
            .at(&self.target)),
            _ => Ok(identity),
        }
    }
}

/// The host that was asked last.
pub(crate) fn last(host: &LastHost) -> Option<String> {
    host.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}
