package blobstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"lifeboat/internal/job"
)

// Remove deletes a backup blob with its snapshots, and then its sidecar: as
// long as there is a backup, it says what it is. What is gone already is no
// error, be it with its container. Remove returns job.ErrRefused if storage
// lets nobody delete the one or the other: it is immutable, or leased.
func (s *Store) Remove(ctx context.Context, where job.Service, backup string) error {
	if backup == "" {
		return errors.New("remove a backup: none is named")
	}
	c, err := s.container(where)
	if err != nil {
		return err
	}
	for _, one := range []struct{ kind, name string }{{"blob", backup}, {"sidecar", sidecarName(backup)}} {
		doing := fmt.Sprintf("delete %s %s in container %s of account %s", one.kind, one.name, where.Container, where.Account)
		if err := remove(ctx, c, doing, one.name); err != nil {
			return err
		}
	}
	return nil
}

func remove(ctx context.Context, c *container.Client, doing, name string) error {
	_, err := c.NewBlobClient(name).Delete(ctx, &blob.DeleteOptions{DeleteSnapshots: to.Ptr(blob.DeleteSnapshotsOptionTypeInclude)})
	switch a := answerOf(err); {
	case err == nil, a.missing(), a.containerMissing():
		return nil
	case a.immutable():
		return fmt.Errorf("%w: %w: it can go once its retention policy or legal hold has ended", failed(doing, err), job.ErrRefused)
	case a.leased():
		return fmt.Errorf("%w: %w: it can go once its lease has been broken", failed(doing, err), job.ErrRefused)
	}
	return failed(doing, err)
}
