package emulator

import (
	"errors"
	"fmt"

	"lifeboat/internal/emulator/storage"
)

// blobs is where ARM writes backups to: one storage account, whatever name a
// request gives, because laptops have only one.
type blobs struct{ account *storage.Server }

// PutBlob creates the container, as API Management does.
func (b blobs) PutBlob(account, container, name string, body []byte) error {
	var refused *storage.Error
	err := b.account.CreateContainer(container)
	if err != nil && !(errors.As(err, &refused) && refused.Code == "ContainerAlreadyExists") {
		return fmt.Errorf("container %s of %s: %w", container, account, err)
	}
	return b.account.PutBlob(container, name, body, nil)
}

func (b blobs) GetBlob(_, container, name string) ([]byte, error) {
	body, _, err := b.account.GetBlob(container, name)
	return body, err
}
