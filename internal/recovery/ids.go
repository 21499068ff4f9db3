package recovery

import "lifeboat/internal/job"

// RequestedBackup is the id of the job that a request for a backup of service
// makes, by the request's id.
func RequestedBackup(service, id string) string {
	return service + "-" + cause(id) + "-backup"
}

// RequestedRestore is the id of the job that a request for a restore onto
// target makes, by the request's id.
func RequestedRestore(target, id string) string {
	return job.RestoreID(target, cause(id))
}
