package storage

import (
	"fmt"
	"time"
	"unicode"
	"unicode/utf16"
)

// Azure's limits on an entity.
const (
	maxEntity     = 1 << 20
	maxProperty   = 64 << 10
	maxProperties = 252 // and the three that every entity has
	maxName       = 255
	maxKey        = 512 // UTF-16 units, 1 KiB
)

var (
	errNeedValue     = &Error{400, "PropertiesNeedValue", "The values are not specified for all properties in the entity."}
	errEntityLarge   = &Error{400, "EntityTooLarge", "The entity is larger than the maximum allowed size (1MB)."}
	errPropertyLarge = &Error{400, "PropertyValueTooLarge", "The property value exceeds the maximum allowed size (64KB). If the property value is a string, it is UTF-16 encoded and the maximum number of characters should be 32K or less."}
	errKeyLarge      = &Error{400, "KeyValueTooLarge", "The size of the key value exceeds the maximum allowed (1KB)."}
	errTooMany       = &Error{400, "TooManyProperties", "The entity contains more properties than allowed. Each entity can include up to 252 properties to store data. Each entity also has 3 system properties."}
	errNameInvalid   = &Error{400, "PropertyNameInvalid", "The property name is invalid."}
	errNameLong      = &Error{400, "PropertyNameTooLong", "The property name exceeds the maximum allowed length (255)."}
)

// check reports the first of Azure's limits that e breaks.
func (e *entity) check() error {
	if err := checkKey("PartitionKey", e.pk); err != nil {
		return err
	}
	if err := checkKey("RowKey", e.rk); err != nil {
		return err
	}
	if len(e.props) > maxProperties {
		return errTooMany
	}
	size := 4 + 2*units(e.pk) + 2*units(e.rk)
	for _, name := range sortedKeys(e.props) {
		if err := checkName(name); err != nil {
			return err
		}
		n := sizeOf(e.props[name])
		if n > maxProperty {
			return errPropertyLarge
		}
		size += 8 + 2*units(name) + n
	}
	if size > maxEntity {
		return errEntityLarge
	}
	return nil
}

func checkKey(which, key string) error {
	if units(key) > maxKey {
		return errKeyLarge
	}
	for _, r := range key {
		if r == '/' || r == '\\' || r == '#' || r == '?' || r < 0x20 || r >= 0x7f && r <= 0x9f {
			return &Error{400, "OutOfRangeInput", fmt.Sprintf("The '%s' parameter of value '%s' is out of range.", which, key)}
		}
	}
	return nil
}

// checkName wants an identifier as C# has it.
func checkName(name string) error {
	if units(name) > maxName {
		return errNameLong
	}
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Pc, unicode.Cf)) {
			return errNameInvalid
		}
	}
	if name == "" {
		return errNameInvalid
	}
	return nil
}

// sizeOf counts a value as Azure bills it, without the length prefixes.
func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return 2 * units(v)
	case []byte:
		return len(v)
	case bool:
		return 1
	case int32:
		return 4
	case guid:
		return 16
	case int64, float64, time.Time:
		return 8
	}
	return 0
}

// units counts UTF-16 code units, which is what Azure stores.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}
