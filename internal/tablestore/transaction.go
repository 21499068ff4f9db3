package tablestore

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// submit makes all changes or none in one transaction.
func (s *Store) submit(ctx context.Context, changes []change) error {
	actions := make([]aztables.TransactionAction, len(changes))
	var errs []error
	for i, c := range changes {
		entity, err := c.row.encode()
		errs = append(errs, err)
		actions[i] = aztables.TransactionAction{ActionType: c.action, Entity: entity}
		if c.ifMatch != "" {
			tag := azcore.ETag(c.ifMatch)
			actions[i].IfMatch = &tag
		}
	}
	if err := errors.Join(append(errs, fits(actions))...); err != nil {
		return err
	}
	return s.transact(ctx, actions)
}

// What Azure takes as one transaction.
const (
	maxChanges     = 100
	maxTransaction = 4 << 20 // bytes
	// aroundChange is more than what the batch format puts around a row.
	aroundChange = 1 << 10
)

// fits is an error for more than Azure takes: it would answer with one that
// names no change, or none that can be read.
func fits(actions []aztables.TransactionAction) error {
	size := aroundChange
	for _, a := range actions {
		size += len(a.Entity) + aroundChange
	}
	switch {
	case len(actions) > maxChanges:
		return fmt.Errorf("%d changes, and a transaction has at most %d: make fewer at a time", len(actions), maxChanges)
	case size > maxTransaction:
		return fmt.Errorf("about %d bytes, and a transaction has at most %d: make fewer changes at a time", size, maxTransaction)
	}
	return nil
}

// transact is SubmitTransaction without its faith in what comes back.
func (s *Store) transact(ctx context.Context, actions []aztables.TransactionAction) (err error) {
	defer func() {
		// aztables v1.4.1 slices a body that is no multipart out of range.
		if r := recover(); r != nil {
			err = fmt.Errorf("answer to a transaction is not readable: %v", r)
		}
	}()
	var answered *http.Response
	if _, err := s.client.SubmitTransaction(policy.WithCaptureResponse(ctx, &answered), actions, nil); err != nil {
		return err
	}
	if !done(answered) {
		return errors.New("answer to a transaction does not say that it was made")
	}
	return nil
}
