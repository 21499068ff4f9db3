package emulator

import (
	"errors"
	"fmt"

	"lifeboat/internal/emulator/storage"
)

// blobs is where ARM writes backups to: one storage account, and the name by
// which requests must call it, if it has one.
type blobs struct {
	account *storage.Server
	name    string
}

// PutBlob creates the container, as API Management does.
func (b blobs) PutBlob(account, container, name string, body []byte) error {
	if err := b.called(account); err != nil {
		return err
	}
	var refused *storage.Error
	err := b.account.CreateContainer(container)
	if err != nil && !(errors.As(err, &refused) && refused.Code == "ContainerAlreadyExists") {
		return fmt.Errorf("container %s of %s: %w", container, account, err)
	}
	return b.account.PutBlob(container, name, body, nil)
}

func (b blobs) GetBlob(account, container, name string) ([]byte, error) {
	if err := b.called(account); err != nil {
		return nil, err
	}
	body, _, err := b.account.GetBlob(container, name)
	return body, err
}

// called refuses a name that is another account's.
func (b blobs) called(account string) error {
	if b.name != "" && account != b.name {
		return fmt.Errorf("there is no storage account %s", account)
	}
	return nil
}
