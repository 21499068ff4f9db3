package tablestore

import (
	"fmt"

	"lifeboat/internal/azureerror"
	"lifeboat/internal/job"
)

// failed is the error for an outcome that has no name in package job.
func failed(doing string, err error) error {
	a := answerOf(err)
	said := azureerror.Words(a.Answer, err)
	if a.Code == "TableNotFound" {
		said = fmt.Sprintf("TableNotFound: there is no such table on %s: create it, or check the app setting that names it", a.Host)
	}
	return azureerror.New(doing, said, a.Answer, err)
}

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
