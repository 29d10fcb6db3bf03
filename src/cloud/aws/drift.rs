//! The calls that look for drift. They change nothing that is deployed.

use aws_sdk_cloudformation::types as sdk;

use crate::cloud::aws::client::Client;
use crate::cloud::aws::deviations::text;
use crate::cloud::aws::reads::Place;
use crate::cloud::drift::steps;
use crate::cloud::{CloudError, Detection, Difference, ResourceDrift, Secret, Verdict};

/// What AWS answers where a look is under way; there may be one of each stack at a time.
const RUNS_ALREADY: &str = "Drift detection is already in progress";

pub(crate) async fn detect(client: &Client, stack: &str) -> Result<Option<String>, CloudError> {
    let request = client.sdk().await.detect_stack_drift().stack_name(stack);
    match client.call("DetectStackDrift", request.send()).await {
        Ok(answer) => Ok(Some(answer.stack_drift_detection_id().unwrap_or_default().to_owned())),
        Err(error) if error.message.contains(RUNS_ALREADY) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) async fn detection(client: &Client, id: &str) -> Result<Detection, CloudError> {
    let request = client.sdk().await.describe_stack_drift_detection_status().stack_drift_detection_id(id);
    let answer = client.call("DescribeStackDriftDetectionStatus", request.send()).await?;
    Ok(match answer.detection_status() {
        Some(sdk::StackDriftDetectionStatus::DetectionComplete) => Detection::Done,
        Some(sdk::StackDriftDetectionStatus::DetectionFailed) => {
            Detection::Failed(text(answer.detection_status_reason()))
        }
        _ => Detection::Running,
    })
}

pub(crate) async fn resources(client: &Client, stack: &str) -> Result<Vec<ResourceDrift>, CloudError> {
    const OPERATION: &str = "DescribeStackResourceDrifts";
    let mut all = Vec::new();
    let mut place = Place::default();
    loop {
        let request = client.sdk().await.describe_stack_resource_drifts().stack_name(stack);
        let request = request.set_next_token(place.next.clone());
        let answer = client.call(OPERATION, request.send()).await?;
        all.extend(answer.stack_resource_drifts().iter().map(resource));
        if !place.go_on(OPERATION, answer.next_token())? {
            break;
        }
    }
    all.sort_by(|a, b| a.logical_id.cmp(&b.logical_id));
    Ok(all)
}

fn resource(from: &sdk::StackResourceDrift) -> ResourceDrift {
    let verdict = match from.stack_resource_drift_status().map(|status| status.as_str()) {
        Some("IN_SYNC") => Verdict::InSync,
        Some("MODIFIED") => Verdict::Modified,
        Some("DELETED") => Verdict::Deleted,
        Some("NOT_CHECKED" | "UNSUPPORTED") => Verdict::Unsupported,
        _ => Verdict::Unknown,
    };
    ResourceDrift {
        logical_id: from.logical_resource_id().unwrap_or_default().to_owned(),
        physical_id: text(from.physical_resource_id()),
        resource_type: from.resource_type().unwrap_or_default().to_owned(),
        verdict,
        reason: text(from.drift_status_reason()),
        properties: from.expected_properties().map(Secret::from).zip(from.actual_properties().map(Secret::from)),
        differences: from.property_differences().iter().map(difference).collect(),
    }
}

fn difference(from: &sdk::PropertyDifference) -> Difference {
    // The side that a property is not on is told as `null` or as nothing.
    let (expected, actual) = match from.difference_type() {
        Some(sdk::DifferenceType::Add) => (None, from.actual_value()),
        Some(sdk::DifferenceType::Remove) => (from.expected_value(), None),
        _ => (from.expected_value(), from.actual_value()),
    };
    Difference {
        path: steps(from.property_path().unwrap_or_default()),
        expected: expected.map(Secret::from),
        actual: actual.map(Secret::from),
    }
}
