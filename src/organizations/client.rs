//! The client: configuration as in the AWS CLI, and the two calls that tell who is asking.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{Profile, ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_organizations::config::{AppName, Region};
use aws_smithy_types::retry::RetryConfig;
use aws_types::os_shim_internal::{Env, Fs};

use super::body::{Answers, RetryJudgement};
use super::error::{Error, ErrorKind};
use super::http;
use super::limit::BodyLimit;
use super::region::default_region;
use super::retry::{self, RetryWords};

/// How long to wait for a connection; an attempt's own timeout may be shorter.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Attempts of a call whose answer is welcome but not needed.
const BEST_EFFORT_ATTEMPTS: u32 = 2;

/// What the user says of the connection. What is not said here comes from the environment and the
/// profile files, as in the AWS CLI.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The profile; else `AWS_PROFILE`, else `default`.
    pub profile: Option<String>,
    /// The region; else `AWS_REGION`, else the profile's, else that of the partition.
    pub region: Option<String>,
    /// Where all calls go, instead of to AWS's endpoints.
    pub endpoint_url: Option<String>,
    /// The longest that one attempt of one call may take.
    pub attempt_timeout: Duration,
    /// Attempts of one call.
    pub max_attempts: Option<u32>,
    /// What the environment says of retries.
    pub retry_environment: RetryWords,
    /// `AWS_CA_BUNDLE`: the certificates to trust instead of the system's; else the profile's.
    pub ca_bundle: Option<PathBuf>,
    /// `AWS_ROLE_ARN`: tells the partition where no region is named.
    pub role_arn: Option<String>,
    /// Credentials instead of those that the AWS CLI would find, for a program that embeds this one.
    pub credentials: Option<SharedCredentialsProvider>,
}

impl Default for Settings {
    /// Nothing said: all of it comes from the environment and the profile files; 30 seconds an attempt.
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            endpoint_url: None,
            attempt_timeout: Duration::from_secs(30),
            max_attempts: None,
            retry_environment: RetryWords::default(),
            ca_bundle: None,
            role_arn: None,
            credentials: None,
        }
    }
}

/// A connection to AWS Organizations, and to STS beside it.
#[derive(Debug)]
pub struct Client {
    pub(super) organizations: aws_sdk_organizations::Client,
    sts: aws_sdk_sts::Client,
    pub(super) answers: Answers,
    warnings: Vec<String>,
}

impl Client {
    /// Sets the client up. No call is made; credentials are looked for by the first one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`]: profile files or certificates that cannot be used.
    pub async fn connect(settings: &Settings) -> Result<Self, Error> {
        let configuration =
            |text: String| Error { call: "configuration", kind: ErrorKind::Configuration(text) };
        let profile = load_profile(settings).await?;
        let word = |name: &str| profile.as_ref().and_then(|p| p.get(name)).map(str::to_owned);
        let profile_words =
            RetryWords { max_attempts: word("max_attempts"), mode: word("retry_mode") };
        let (retry_config, warnings) =
            retry::settle(settings.max_attempts, &settings.retry_environment, &profile_words);
        let ca_bundle = settings.ca_bundle.clone().or_else(|| word("ca_bundle").map(PathBuf::from));
        let region = region(settings, word("role_arn").as_deref()).await;
        let http_client = http::client(ca_bundle.as_deref(), settings.endpoint_url.as_deref())
            .map_err(configuration)?;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT.min(settings.attempt_timeout))
            .read_timeout(settings.attempt_timeout)
            .operation_attempt_timeout(settings.attempt_timeout)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client.clone())
            .retry_config(retry_config.clone())
            .timeout_config(timeouts)
            // The attempt's timeout is the one limit; a second one would only be surprising.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .region(region.clone());
        if let Ok(name) = AppName::new("handshake-archive") {
            loader = loader.app_name(name);
        }
        if let Some(name) = &settings.profile {
            // A profile that is named goes before credentials in the environment, as in the AWS CLI.
            let provider =
                ProviderConfig::default().with_region(region).with_http_client(http_client);
            let credentials = ProfileFileCredentialsProvider::builder().configure(&provider);
            loader = loader
                .profile_name(name)
                .credentials_provider(credentials.profile_name(name).build());
        }
        if let Some(url) = &settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(credentials) = &settings.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        let config = loader.load().await;
        let answers = Answers::new();
        let organizations = aws_sdk_organizations::config::Builder::from(&config)
            .interceptor(answers.clone())
            .interceptor(BodyLimit)
            .retry_classifier(RetryJudgement)
            .build();
        let sts = aws_sdk_sts::config::Builder::from(&config)
            .interceptor(BodyLimit)
            .retry_config(best_effort(&retry_config))
            .build();
        Ok(Self {
            organizations: aws_sdk_organizations::Client::from_conf(organizations),
            sts: aws_sdk_sts::Client::from_conf(sts),
            answers,
            warnings,
        })
    }

    /// What of the configuration was passed over, for people.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Scheme, host and port that the newest call to Organizations went to.
    pub fn endpoint(&self) -> Option<String> {
        self.answers.endpoint()
    }

    /// The ARN of the caller, from sts:GetCallerIdentity.
    ///
    /// # Errors
    /// [`Error`]. Few attempts are made: the answer is welcome but not needed.
    pub async fn caller_arn(&self) -> Result<Option<String>, Error> {
        let answer = self.sts.get_caller_identity().send().await.map_err(|error| Error {
            call: "GetCallerIdentity",
            kind: ErrorKind::from_sdk(&error, |_| None),
        })?;
        Ok(answer.arn)
    }

    /// The organization's id, from DescribeOrganization.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn organization_id(&self) -> Result<Option<String>, Error> {
        let answer = self.organizations.describe_organization().send().await.map_err(|error| {
            Error { call: "DescribeOrganization", kind: ErrorKind::from_sdk(&error, |_| None) }
        })?;
        Ok(answer.organization.and_then(|organization| organization.id))
    }
}

fn best_effort(config: &RetryConfig) -> RetryConfig {
    config.clone().with_max_attempts(config.max_attempts().min(BEST_EFFORT_ATTEMPTS))
}

/// The profile that applies; `None` if nobody names one and there is no default.
async fn load_profile(settings: &Settings) -> Result<Option<Profile>, Error> {
    let error = |kind| Error { call: "configuration", kind };
    let (files, name) = (EnvConfigFiles::default(), settings.profile.clone().map(Into::into));
    let profiles = aws_config::profile::load(&Fs::real(), &Env::real(), &files, name)
        .await
        .map_err(|why| {
            let text = format!("the AWS configuration files could not be read: {why}");
            error(ErrorKind::Configuration(text))
        })?;
    let name = profiles.selected_profile();
    match profiles.get_profile(name) {
        None if name != "default" && settings.credentials.is_none() => {
            let text = format!("there is no profile {name} in the AWS configuration files");
            Err(error(ErrorKind::CredentialsNotLoaded(text)))
        }
        profile => Ok(profile.cloned()),
    }
}

/// The region that the user, the environment or the profile names, else that of the partition.
///
/// The instance metadata service is not asked: off EC2 that would cost seconds, and the endpoint is
/// the same in every region of a partition.
async fn region(settings: &Settings, role_arn: Option<&str>) -> Option<Region> {
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &settings.profile {
        profile = profile.profile_name(name);
    }
    RegionProviderChain::first_try(settings.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build())
        .or_else(Region::new(default_region(role_arn.or(settings.role_arn.as_deref()))))
        .region()
        .await
}
