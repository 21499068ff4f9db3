package metrics

import (
	"lifeboat/internal/fleet"
	"lifeboat/internal/job"
)

// services are the metrics with one sample, or one for each state, for every
// service.
func services(all []fleet.Service) []metric {
	success := gauge("lifeboat_last_success_timestamp_seconds", "When the newest good backup was verified. 0 if there is none.")
	interval := gauge("lifeboat_expected_interval_seconds", "How far apart good backups should start at most. The grace comes on top.")
	rpo := gauge("lifeboat_rpo_seconds", "Time since the newest restorable backup began, all of which a restore would lose. Absent if there is none.")
	until := gauge("lifeboat_restorable_until_timestamp_seconds", "When Azure stops accepting the newest good backup. 0 if there is none.")
	health := gauge("lifeboat_health", "Whether backups keep up: 1 for the state that the service is in.")
	status := gauge("lifeboat_last_job_status", "How the backup that ended last ended: 1 for that state, all 0 while none has ended.")
	inFlight := gauge("lifeboat_jobs_in_flight", "Backups and restores of the service that have not ended, those that wait included.")
	oldest := gauge("lifeboat_oldest_job_age_seconds", "Age of the oldest job that has not ended. 0 if there is none.")
	lag := gauge("lifeboat_poll_lag_seconds", "How long the next move of a job has been due. 0 while none is.")

	for _, s := range all {
		service := label("service", s.Name)
		success.set(timestamp(s.LastSuccess), service)
		interval.set(s.Interval.Seconds(), service)
		if s.Restorable {
			rpo.set(s.RPO.Seconds(), service)
		}
		until.set(timestamp(s.RestorableUntil), service)
		for _, word := range fleet.Words() {
			health.set(truth(fleet.Word(s.Health) == word), service, label("state", word))
		}
		for _, state := range []job.State{job.Succeeded, job.Failed, job.Canceled} {
			status.set(truth(s.LastStatus == state), service, label("state", string(state)))
		}
		inFlight.set(float64(s.JobsInFlight), service)
		oldest.set(s.OldestJobAge.Seconds(), service)
		lag.set(s.PollLag.Seconds(), service)
	}
	return []metric{success, interval, rpo, until, health, status, inFlight, oldest, lag}
}
