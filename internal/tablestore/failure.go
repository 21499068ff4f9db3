package tablestore

import (
	"fmt"

	"lifeboat/internal/azureerror"
	"lifeboat/internal/job"
)

// failed is the error for an outcome that has no name in package job.
func failed(doing string, err error) error { return azureerror.New(doing, words(err), err) }

// rowError is the error of a change to a row that has to be as it was read.
func rowError(doing string, err error) error {
	if err == nil {
		return nil
	}
	switch a := answerOf(err); {
	case a.missing():
		return fmt.Errorf("%s: %w", doing, job.ErrNotFound)
	case a.stale():
		return fmt.Errorf("%s: %w", doing, job.ErrConflict)
	}
	return failed(doing, err)
}

func words(err error) string {
	a := answerOf(err)
	if a.code == "TableNotFound" {
		return fmt.Sprintf("TableNotFound: there is no such table on %s: create it, or check the app setting that names it", a.host)
	}
	return azureerror.Words(azureerror.Answer{Status: a.status, Code: a.code, Message: a.message, Host: a.host}, err)
}
