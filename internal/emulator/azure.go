// Package emulator is the Azure that tests and laptops talk to: ARM's API
// Management part, Table and Blob storage, Service Bus and the managed
// identity endpoint, put together so that they know one another. The parts
// are packages of their own; what plays the Functions host is package host.
//
// The same Azure serves in process, on whatever clock it is given, and on
// loopback sockets, never beyond this machine: its keys are public.
package emulator

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"lifeboat/infra"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/emulator/identity"
	"lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/emulator/storage"
	"lifeboat/internal/emulator/wire"
)

// What the app finds in an Azure that was just made, as infra would deploy it.
const (
	StateTable    = "lifeboat"
	StepQueue     = "job-steps"
	RequestQueue  = "recovery-requests"
	ApprovalQueue = "approvals"
	NoticeQueue   = "notices"
)

// QueueOptions are the settings of the app's queues, as infra deploys them.
func QueueOptions() servicebus.QueueOptions {
	return servicebus.QueueOptions{LockDuration: time.Minute, MaxDeliveryCount: 10, TTL: 14 * 24 * time.Hour, DeadLetterOnExpiry: true}
}

// The names by which a Tap knows the services: for wire.Fault.Service.
const (
	ServiceARM     = "arm"
	ServiceTable   = "table"
	ServiceBlob    = "blob"
	ServiceGateway = "gateway"
)

// The key of Service Bus is the one of Microsoft's own emulator, and the
// secret of the identity endpoint is no secret either: both are the same after
// a restart, so that clients need not be told anew.
const (
	busKeyName     = "RootManageSharedAccessKey"
	busKey         = "SAS_KEY_VALUE"
	IdentityHeader = "lifeboat-lab"
)

// userClient is the client id of the sample services' user-assigned identity.
const userClient = "00000000-0000-0000-0000-00000000000a"

// audiences are what ARM's tokens may be for, in every cloud.
var audiences = []string{
	"https://management.core.windows.net", "https://management.azure.com",
	"https://management.core.chinacloudapi.cn", "https://management.chinacloudapi.cn",
	"https://management.core.usgovcloudapi.net", "https://management.usgovcloudapi.net",
}

// Options are the settings of an Azure.
type Options struct {
	Now      func() time.Time // time.Now if nil
	Services []arm.Service
	Log      *slog.Logger // hears of Service Bus connections that broke the protocol; may be nil
	// Account is the storage account's name in requests to ARM, and no other
	// is there; empty stands for every name that a plan may have.
	Account string

	// Actions are what the app's role grants on ARM; what infra deploys if nil.
	Actions []string
	// Reads and Writes are ARM's throttles; its own if zero.
	Reads, Writes arm.Bucket
}

// Azure is one subscription with one storage account and one Service Bus
// namespace. Its parts may be used directly, to set things up, to break them
// and to look.
type Azure struct {
	ARM      *arm.Simulator
	Storage  *storage.Server
	Broker   *servicebus.Broker
	Identity *identity.Endpoint
	Tap      *wire.Tap // in front of ARM, Table, Blob and the gateways

	armRoute            http.Handler
	tableRoute          http.Handler
	blobRoute           http.Handler
	gatewayRoute        http.Handler
	armPosts, armGets   func() int
	tableCalls, blobOps func() int

	closing context.Context
	close   context.CancelFunc
	running sync.WaitGroup
}

// New makes an Azure with the app's table and queues in it.
func New(o Options) *Azure {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Actions == nil {
		o.Actions = infra.RoleActions()
	}
	account, err := storage.New(storage.Options{Now: o.Now})
	if err == nil {
		err = account.CreateTable(StateTable)
	}
	if err != nil {
		panic(err) // constants, and an account that is empty
	}
	a := &Azure{
		Storage:  account,
		Broker:   servicebus.New(servicebus.Options{Now: o.Now, KeyName: busKeyName, Key: busKey, Log: o.Log}),
		Identity: identity.New(identity.Options{Now: o.Now, Secret: IdentityHeader, Clients: []string{"", userClient}}),
		Tap:      &wire.Tap{Now: o.Now},
	}
	a.closing, a.close = context.WithCancel(context.Background())
	for _, queue := range []string{StepQueue, RequestQueue, ApprovalQueue, NoticeQueue} {
		a.Broker.AddQueue(queue, QueueOptions())
	}
	a.ARM = arm.New(arm.Options{
		Now: o.Now, Actions: o.Actions, Token: a.Identity.Accept(audiences...), Blobs: blobs{account, o.Account}, Reads: o.Reads, Writes: o.Writes,
	})
	for _, s := range o.Services {
		a.ARM.AddService(s)
	}
	a.ARM.SetRoleAssignments(blobRoles(a.ARM, o.Services)...)
	a.tap()
	return a
}

// tap puts the Tap in front of the services and lets it count.
func (a *Azure) tap() {
	a.armRoute = a.Tap.Wrap(ServiceARM, a.ARM)
	a.tableRoute = a.Tap.Wrap(ServiceTable, a.Storage.Table())
	a.blobRoute = a.Tap.Wrap(ServiceBlob, a.Storage.Blob())
	a.gatewayRoute = a.Tap.Wrap(ServiceGateway, a.ARM.GatewayHandler())
	watch := func(service, method string) func() int {
		return a.Tap.Watch(func(r wire.Request) bool {
			return r.Service == service && (method == "" || r.Method == method)
		})
	}
	a.armPosts, a.armGets = watch(ServiceARM, http.MethodPost), watch(ServiceARM, http.MethodGet)
	a.tableCalls, a.blobOps = watch(ServiceTable, ""), watch(ServiceBlob, "")
}

// ARMHandler serves ARM, behind the Tap.
func (a *Azure) ARMHandler() http.Handler { return a.armRoute }

// TableHandler serves Table storage, behind the Tap.
func (a *Azure) TableHandler() http.Handler { return a.tableRoute }

// BlobHandler serves Blob storage, behind the Tap.
func (a *Azure) BlobHandler() http.Handler { return a.blobRoute }

// GatewayHandler serves the gateways of all services, behind the Tap.
func (a *Azure) GatewayHandler() http.Handler { return a.gatewayRoute }

// Queues is the Service Bus namespace as the Functions host receives from it.
func (a *Azure) Queues() host.Queues { return queues{a.Broker} }

// Requests counts what clients asked of an Azure, refused or not.
type Requests struct {
	ARMPost        int `json:"armPost"`
	ARMGet         int `json:"armGet"`
	Table          int `json:"table"`
	Blob           int `json:"blob"`
	ServiceBusSend int `json:"servicebusSend"` // messages
}

// Requests returns the counts so far.
func (a *Azure) Requests() Requests {
	bus := a.Broker.Stats()
	return Requests{
		ARMPost: a.armPosts(), ARMGet: a.armGets(), Table: a.tableCalls(), Blob: a.blobOps(),
		ServiceBusSend: int(bus.Sent + bus.Scheduled),
	}
}

// Close closes every socket and connection and returns when nothing runs any
// more. What the parts hold can still be read, and saved by Snapshot.
func (a *Azure) Close() {
	a.close()
	a.Broker.Close()
	a.running.Wait()
}
