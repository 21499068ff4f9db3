package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"lifeboat/internal/azureerror"
	"lifeboat/internal/preflight"
)

// sdkFault is err without what the SDKs put around it: requests whole, whose
// headers and addresses may be secret.
func sdkFault(err error) preflight.Fault {
	var storage *azcore.ResponseError
	var bus *azservicebus.Error
	switch {
	case errors.As(err, &storage):
		return preflight.Fault{Status: storage.StatusCode, Code: storage.ErrorCode, Text: answered(storage)}
	case errors.As(err, &bus):
		return preflight.Fault{Status: busStatus[bus.Code], Code: string(bus.Code), Text: bus.Error()}
	}
	f := preflight.FaultOf(err)
	if said := azureerror.AnswerOf(err); said.Status != 0 {
		f.Status, f.Code = said.Status, said.Code
	}
	if f.Status == 0 {
		f.Text = bareText(err)
	}
	return f
}

// busStatus is the HTTP status that a code of Service Bus comes to.
var busStatus = map[azservicebus.Code]int{
	azservicebus.CodeUnauthorizedAccess: http.StatusUnauthorized,
	azservicebus.CodeNotFound:           http.StatusNotFound,
}

func answered(e *azcore.ResponseError) string {
	text := fmt.Sprintf("HTTP %d", e.StatusCode)
	if e.ErrorCode != "" {
		text += " " + e.ErrorCode
	}
	if r := e.RawResponse; r != nil && r.Request != nil {
		text += " from " + r.Request.URL.Host
	}
	return text
}

// bareText is what err says without the address that net/http puts into it.
func bareText(err error) string {
	text := err.Error()
	for u := (*url.Error)(nil); errors.As(err, &u) && u.Err != nil; u = nil {
		text = strings.Replace(text, u.Error(), u.Err.Error(), 1)
		err = u.Err
	}
	return text
}
