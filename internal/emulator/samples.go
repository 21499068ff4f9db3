package emulator

import (
	"time"

	"lifeboat/internal/emulator/arm"
)

// Where the sample services live.
const (
	SampleSubscription = "00000000-0000-0000-0000-000000000001"
	SampleGroup        = "rg-apim"
)

// SampleServices are two small services with something in them, in two
// regions: apim-weu and apim-neu. They share a tier and a custom host name, so
// that each can stand by for the other, and differ in settings that a backup
// leaves out.
func SampleServices() []arm.Service {
	weu := sample("apim-weu", "West Europe", arm.Content{
		APIs: []arm.API{
			{Name: "echo-api", DisplayName: "Echo API", Path: "echo", ServiceURL: "http://echoapi.cloudapp.net/api"},
			{Name: "orders", DisplayName: "Orders", Path: "orders", ServiceURL: "https://orders.contoso.example"},
			{Name: "payments-v2", DisplayName: "Payments", Path: "payments/v2", ServiceURL: "https://payments.contoso.example"},
		},
		Products: []arm.Product{
			{Name: "starter", DisplayName: "Starter", APIs: []string{"echo-api"}},
			{Name: "partners", DisplayName: "Partners", APIs: []string{"orders", "payments-v2"}},
		},
		NamedValues: []arm.NamedValue{
			{Name: "orders-backend-key", DisplayName: "orders-backend-key", Value: "not-a-real-key", Secret: true},
			{Name: "region", DisplayName: "region", Value: "westeurope"},
		},
		Policies: map[string]string{
			"global":      `<policies><inbound><cors allow-credentials="false"><allowed-origins><origin>https://www.contoso.example</origin></allowed-origins></cors></inbound></policies>`,
			"apis/orders": `<policies><inbound><base /><rate-limit calls="100" renewal-period="60" /><set-header name="x-key"><value>{{orders-backend-key}}</value></set-header></inbound></policies>`,
		},
		Subscriptions: []arm.Subscription{{Name: "fabrikam", Product: "partners", User: "fabrikam"}},
		Users:         []arm.User{{Name: "fabrikam", Email: "apis@fabrikam.example"}},
	})
	neu := sample("apim-neu", "North Europe", arm.Content{
		APIs: []arm.API{
			{Name: "echo-api", DisplayName: "Echo API", Path: "echo", ServiceURL: "http://echoapi.cloudapp.net/api"},
			{Name: "stock", DisplayName: "Stock", Path: "stock", ServiceURL: "https://stock.contoso.example"},
		},
		Products:    []arm.Product{{Name: "internal", DisplayName: "Internal", APIs: []string{"echo-api", "stock"}}},
		NamedValues: []arm.NamedValue{{Name: "region", DisplayName: "region", Value: "northeurope"}},
		Policies:    map[string]string{"global": `<policies><inbound><validate-jwt header-name="Authorization" /></inbound></policies>`},
		Users:       []arm.User{{Name: "warehouse", Email: "warehouse@contoso.example"}},
	})
	weu.Settings.CACertificates = []arm.CACertificate{{
		Store: "Root", Thumbprint: "6A3F0E6B1C2D4E5F60718293A4B5C6D7E8F90A1B", Expiry: time.Date(2031, 6, 30, 0, 0, 0, 0, time.UTC),
	}}
	neu.Settings.DeveloperPortal = "Disabled"
	return []arm.Service{weu, neu}
}

func sample(name, location string, content arm.Content) arm.Service {
	return arm.Service{
		Subscription: SampleSubscription, ResourceGroup: SampleGroup, Name: name, Location: location, SKU: "Developer",
		Tags: map[string]string{"environment": "lab"}, Content: content, Hostnames: []string{"api.contoso.example"},
		Identity: arm.Identity{
			SystemAssigned: true,
			UserAssigned: []arm.UserIdentity{{
				ResourceID: "/subscriptions/" + SampleSubscription + "/resourceGroups/" + SampleGroup + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-lifeboat",
				ClientID:   userClient, PrincipalID: "00000000-0000-0000-0000-00000000000b",
			}},
		},
		CreatedAt: time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC),
	}
}
