//! CronJobs.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::CronJob;
use serde_json::{Value, json};

use super::{WIDE, job, spec, template};
use crate::{
    kinds::{
        cells,
        defaults::{object, set},
    },
    object::{metadata_str, parse, text_at},
    resource::{
        Context, Generation, Strategy,
        columns::{self, Column},
    },
    schedule::{self, Schedule},
    status::Result,
    validation::{ErrorList, Path},
};

#[derive(Debug)]
pub(crate) struct CronJobStrategy;

/// The name of a Job is the CronJob's with eleven characters more, and at most 63 long.
const NAME_LENGTH: usize = 52;

impl Strategy for CronJobStrategy {
    fn set_defaults(&self, object_: &mut Value) {
        let spec = spec(object_);
        set(spec, "concurrencyPolicy", "Allow");
        set(spec, "suspend", false);
        set(spec, "successfulJobsHistoryLimit", 3);
        set(spec, "failedJobsHistoryLimit", 1);
        if let Some(template) = object(spec, "jobTemplate")
            && let Some(spec) = object(template, "spec")
        {
            job::set_spec_defaults(spec);
        }
    }

    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({});
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<CronJob>(object)?.spec;
        let path = Path::new("spec");
        let at = path.child("schedule");
        if spec.schedule.is_empty() {
            errors.required(&at, "");
        } else if let Err(why) = Schedule::parse(&spec.schedule) {
            errors.invalid(&at, &spec.schedule, &why);
        } else if spec.schedule.contains("TZ") {
            errors.invalid(
                &at,
                &spec.schedule,
                "cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
            );
        }
        if let Some(zone) = spec.time_zone.as_deref() {
            let at = path.child("timeZone");
            if zone.is_empty() {
                errors.invalid(&at, zone, "timeZone must be nil or non-empty string");
            } else if zone.eq_ignore_ascii_case("local") {
                errors.invalid(
                    &at,
                    zone,
                    "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
                );
            } else if schedule::time_zone(Some(zone)).is_none() {
                errors.invalid(&at, zone, &format!("unknown time zone {zone}"));
            }
        }
        errors.not_negative(
            &path.child("startingDeadlineSeconds"),
            spec.starting_deadline_seconds.unwrap_or(0),
        );
        match spec.concurrency_policy.as_deref().unwrap_or_default() {
            "Allow" | "Forbid" | "Replace" => {}
            "" => errors.required(&path.child("concurrencyPolicy"), ""),
            other => {
                let known = ["Allow", "Forbid", "Replace"];
                errors.not_supported(&path.child("concurrencyPolicy"), other, &known);
            }
        }
        let at = path.child("jobTemplate").child("spec");
        let template = spec.job_template.spec.unwrap_or_default();
        job::validate_spec(&template, &at, errors);
        if template.selector.is_some() {
            errors.invalid(&at.child("selector"), &template.selector, "`selector` will be auto-generated");
        }
        for (field, limit) in [
            ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
            ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
        ] {
            errors.not_negative(&path.child(field), limit.unwrap_or(0));
        }
        let name = metadata_str(object, "name");
        if name.len() > NAME_LENGTH {
            let at = Path::new("metadata").child("name");
            errors.invalid(&at, name, &format!("must be no more than {NAME_LENGTH} characters"));
        }
        Ok(())
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let path = Path::new("spec").child("jobTemplate").child("spec").child("template");
        template::warnings(object, old, "/spec/jobTemplate/spec/template", &path)
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 10] = [
            Column::NAME,
            Column::text("Schedule"),
            Column::text("Timezone"),
            Column::text("Suspend"),
            Column::integer("Active"),
            Column::text("Last Schedule"),
            Column::AGE,
            WIDE[0],
            WIDE[1],
            WIDE[2],
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let suspended = match object.pointer("/spec/suspend").and_then(Value::as_bool) {
            None => "<unset>",
            Some(true) => "True",
            Some(false) => "False",
        };
        let active = object.pointer("/status/active").and_then(Value::as_array).map_or(0, Vec::len);
        let last = text_at(object, "/status/lastScheduleTime");
        let last = if last.is_empty() { "<none>".to_owned() } else { columns::age(last, now) };
        let [names, images] = cells::containers(object, "/spec/jobTemplate/spec/template/spec/containers");
        vec![
            cells::name(object),
            cells::text(object, "/spec/schedule"),
            cells::text_or_none(object, "/spec/timeZone"),
            json!(suspended),
            json!(active),
            json!(last),
            cells::age(object, now),
            names,
            images,
            cells::selector(object.pointer("/spec/jobTemplate/spec/selector")),
        ]
    }
}
