// Package config reads the app settings. Load reports every mistake at once,
// naming the setting and what it wants; nothing else in Lifeboat reads the
// environment.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	// Gives the clouds their ARM endpoints and audiences.
	_ "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

// Config is what the app settings say.
type Config struct {
	// Port is where the Functions host wants the handler, on 127.0.0.1.
	Port int
	// PlanFile is the plan's path.
	PlanFile string
	// Table holds the state.
	Table    string
	LogLevel slog.Level
	// SignIn is set where App Service authentication stands in front.
	SignIn bool

	Cloud cloud.Configuration
	// StorageSuffix completes an account's host name, such as
	// core.windows.net.
	StorageSuffix string
	// PlainARM is set with an ARM_ENDPOINT on loopback: tokens may go there
	// without TLS.
	PlainARM bool
	// ClientID is the user-assigned identity; empty means the
	// system-assigned one.
	ClientID string

	// ServiceBus is the namespace's host name, or, in development, a
	// connection string to loopback.
	ServiceBus Endpoint
	// State is the storage account of the table.
	State Endpoint
	// Backups is a connection string to loopback that stands for every
	// storage account in the plan; empty in Azure.
	Backups Endpoint
}

// Development reports whether c is for this machine only: its table is reached
// by a connection string.
func (c Config) Development() bool { return c.State.ConnectionString != "" }

// Endpoint is how to reach an Azure service: by Name with the app's identity,
// or by ConnectionString, which is a secret and never leaves this machine.
type Endpoint struct {
	Name             string // a host name or a URL
	ConnectionString string
}

// LogValue keeps the secret out of logs.
func (e Endpoint) LogValue() slog.Value {
	if e.ConnectionString != "" {
		return slog.StringValue("development connection string")
	}
	return slog.StringValue(e.Name)
}

// String is LogValue for fmt.
func (e Endpoint) String() string { return e.LogValue().String() }

// GoString is String, so that %#v shows no secret either.
func (e Endpoint) GoString() string { return e.String() }

// MarshalText is String for JSON, and so for logs of what holds an Endpoint.
func (e Endpoint) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// The app settings.
const (
	Port                 = "FUNCTIONS_CUSTOMHANDLER_PORT"
	AppRoot              = "FUNCTIONS_APP_ROOT_PATH"
	SignIn               = "WEBSITE_AUTH_ENABLED"
	PlanFile             = "LIFEBOAT_PLAN"
	Table                = "LIFEBOAT_TABLE"
	LogLevel             = "LIFEBOAT_LOG_LEVEL"
	Cloud                = "LIFEBOAT_CLOUD"
	ARMEndpoint          = "ARM_ENDPOINT"
	ServiceBus           = "ServiceBusConnection"
	ServiceBusNamespace  = "ServiceBusConnection__fullyQualifiedNamespace"
	ServiceBusCredential = "ServiceBusConnection__credential"
	ServiceBusClientID   = "ServiceBusConnection__clientId"
	State                = "StateStorage"
	StateTableURI        = "StateStorage__tableServiceUri"
	Backups              = "BackupStorage"
)

// Settings lists the app settings that Lifeboat itself reads, without those
// that the Functions host and App Service give to every handler.
func Settings() []string {
	return []string{
		PlanFile, Table, LogLevel, Cloud, ARMEndpoint,
		ServiceBus, ServiceBusNamespace, ServiceBusCredential, ServiceBusClientID,
		State, StateTableURI, Backups,
	}
}

// Load reads the settings through getenv. The error joins one error for each
// mistake.
func Load(getenv func(string) string) (Config, error) {
	l := loader{getenv: getenv}
	c := l.shared()
	c.Port = l.port()
	c.SignIn = strings.EqualFold(getenv(SignIn), "true")
	c.ServiceBus = l.serviceBus()
	return l.done(c)
}

// LoadOperator reads what an operator's command needs of the same settings, by
// the same rules: no port, and the Service Bus namespace only where sends says
// that messages will be sent. The identity is the operator's own.
func LoadOperator(getenv func(string) string, sends bool) (Config, error) {
	l := loader{getenv: getenv}
	c := l.shared()
	if sends || getenv(ServiceBus) != "" || getenv(ServiceBusNamespace) != "" {
		c.ServiceBus = l.serviceBus()
	}
	return l.done(c)
}

// shared is all but the port and Service Bus.
func (l *loader) shared() Config {
	c := Config{
		PlanFile: l.planFile(),
		Table:    l.matching(Table, "lifeboat", tableName, "a table name of 3 to 63 letters and digits, starting with a letter"),
		LogLevel: l.logLevel(),
		ClientID: l.matching(ServiceBusClientID, "", clientID, "the client id of a user-assigned identity, a GUID"),
	}
	c.Cloud, c.StorageSuffix = l.cloud()
	c.Cloud, c.PlainARM = l.armEndpoint(c.Cloud)
	c.State = l.endpoint(State, StateTableURI, "a URL such as https://account.table.core.windows.net", validTableURI, "TableEndpoint")
	c.Backups = l.development(Backups, "BlobEndpoint")
	if credential := l.getenv(ServiceBusCredential); credential != "" && credential != "managedidentity" {
		l.mistake(ServiceBusCredential, "want managedidentity or nothing, got %q", credential)
	}
	return c
}

func (l *loader) serviceBus() Endpoint {
	return l.endpoint(ServiceBus, ServiceBusNamespace, "a namespace such as example.servicebus.windows.net", validNamespace, "Endpoint")
}

// done is c, unless there were mistakes.
func (l *loader) done(c Config) (Config, error) {
	if err := errors.Join(l.mistakes...); err != nil {
		return Config{}, err
	}
	return c, nil
}

type loader struct {
	getenv   func(string) string
	mistakes []error
}

func (l *loader) mistake(setting, format string, args ...any) {
	l.mistakes = append(l.mistakes, fmt.Errorf(setting+": "+format, args...))
}

var (
	tableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{2,62}$`)
	clientID  = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	namespace = regexp.MustCompile(`^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$`)
)

func (l *loader) matching(setting, otherwise string, pattern *regexp.Regexp, want string) string {
	value := l.getenv(setting)
	if value == "" {
		return otherwise
	}
	if !pattern.MatchString(value) {
		l.mistake(setting, "want %s, got %q", want, value)
	}
	return value
}

func (l *loader) port() int {
	value := l.getenv(Port)
	port, err := strconv.Atoi(value)
	if err != nil || port < 1 || port > 65535 {
		l.mistake(Port, "want the port that the Functions host gives its handler, got %q: start this program by the host, or set a port from 1 to 65535", value)
	}
	return port
}

func (l *loader) planFile() string {
	file := l.getenv(PlanFile)
	if file == "" {
		file = "lifeboat.yaml"
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(l.getenv(AppRoot), file)
	}
	return file
}

func (l *loader) logLevel() slog.Level {
	var level slog.Level
	if value := l.getenv(LogLevel); value != "" {
		if err := level.UnmarshalText([]byte(value)); err != nil {
			l.mistake(LogLevel, "want debug, info, warn or error, got %q", value)
		}
	}
	return level
}

func (l *loader) cloud() (cloud.Configuration, string) {
	switch name := l.getenv(Cloud); name {
	case "", "public":
		return cloud.AzurePublic, "core.windows.net"
	case "china":
		return cloud.AzureChina, "core.chinacloudapi.cn"
	case "usgovernment":
		return cloud.AzureGovernment, "core.usgovcloudapi.net"
	default:
		l.mistake(Cloud, "want public, china or usgovernment, got %q", name)
		return cloud.Configuration{}, ""
	}
}

// armEndpoint puts a stand-in for ARM in the cloud's place. Its tokens have
// the cloud's own audience. Only loopback will do: a token for ARM goes there.
func (l *loader) armEndpoint(in cloud.Configuration) (cloud.Configuration, bool) {
	value := l.getenv(ARMEndpoint)
	if value == "" {
		return in, false
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" || !loopback(u.Hostname()) || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		l.mistake(ARMEndpoint, "want nothing, or for development a loopback URL such as http://127.0.0.1:8801")
		return in, false
	}
	audience := in.Services[cloud.ResourceManager].Audience
	out := cloud.Configuration{
		ActiveDirectoryAuthorityHost: in.ActiveDirectoryAuthorityHost,
		Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: value, Audience: audience}},
	}
	return out, true
}

// endpoint reads either name, for Azure, or direct, a connection string for
// development that has key. No value is repeated: a connection string or a
// signed URL in the wrong place is a secret still.
func (l *loader) endpoint(direct, name, want string, valid func(string) bool, key string) Endpoint {
	value, host := l.getenv(direct), l.getenv(name)
	switch {
	case value == "" && host == "":
		l.mistake(name, "missing: want %s", want)
	case value != "" && host != "":
		l.mistake(direct, "set beside %s: keep the one that is meant", name)
	case value != "":
		return l.development(direct, key)
	case !valid(host):
		l.mistake(name, "want %s, got something else", want)
	}
	return Endpoint{Name: host}
}

func validNamespace(value string) bool { return namespace.MatchString(value) }

func validTableURI(value string) bool {
	u, err := url.Parse(value)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil && strings.Trim(u.Path, "/") == ""
}

// development reads a connection string, which must lead to loopback: keys
// are for development only. Without the endpoint of the name in want, spelt
// exactly so, the SDK would make one up from the account's name, in Azure.
// The value is never repeated, for it is a secret.
func (l *loader) development(setting, want string) Endpoint {
	value := l.getenv(setting)
	if value == "" {
		return Endpoint{}
	}
	found := false
	for part := range strings.SplitSeq(value, ";") {
		key, address, _ := strings.Cut(part, "=")
		if strings.TrimSpace(key) == "" && part != "" {
			l.mistake(setting, "is no connection string: want parts such as %s=..., with a semicolon between them", want)
			return Endpoint{}
		}
		if key == "SharedAccessSignature" {
			// aztables takes one to Azure, whatever the endpoint.
			l.mistake(setting, "holds a SharedAccessSignature: want a connection string with a key")
			return Endpoint{}
		}
		if !strings.HasSuffix(strings.ToLower(strings.TrimSpace(key)), "endpoint") {
			continue
		}
		found = found || key == want
		if u, err := url.Parse(address); err != nil || !loopback(u.Hostname()) {
			l.mistake(setting, "leads to another machine: connection strings are for development on loopback; use the app's identity instead")
			return Endpoint{}
		}
	}
	if !found {
		l.mistake(setting, "want a connection string with %s on loopback", want)
		return Endpoint{}
	}
	return Endpoint{ConnectionString: value}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
