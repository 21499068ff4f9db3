package handlers_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"lifeboat/handlers"
	"lifeboat/internal/emulator"
	"lifeboat/internal/emulator/arm"
	"lifeboat/internal/emulator/host"
	"lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/functions"
	"lifeboat/internal/plan"
	"lifeboat/internal/request"
	"lifeboat/internal/webhook"
)

// betrayal is who betrays secrets now, and how.
type betrayal struct {
	who    string
	status int
}

// betrayed is a world whose Azure repeats secrets in all that it says.
type betrayed struct {
	*app
	spy *spy
	now atomic.Pointer[betrayal]
}

// The app settings with secrets.
var secretSettings = map[string]string{
	"OPS_URL":  "https://user-s3cret:password-s3cret@hooks-s3cret.example/services/T0-s3cret/B0-s3cret?token=ops-query-s3cret",
	"OPS_KEY":  "whsec_b3BzLXNpZ25pbmcta2V5LXRoYXQtaXMtYS1zM2NyZXQ=",
	"WEU_BEAT": "https://beats-s3cret.example/0b5e3c1e-s3cret-beat",
	"SEA_KEY":  "c2VhLXN0b3JhZ2Uta2V5LXRoYXQtaXMtYS1zM2NyZXQ=",
}

// planted is in most parts of most secrets.
const planted = "s3cret"

// words is what a part of Azure says: a SAS, the parts of a connection string
// and a token, after a word that is no secret.
func (b *betrayed) words(who string) string {
	open, secret := "open-words-of-"+who, planted+who
	return fmt.Sprintf("%s, see https://st.blob.core.windows.net/c/b?sv=2024-01-01&sp=r&sig=%[2]s%%3D or DefaultEndpointsProtocol=https;AccountName=st;AccountKey=%[2]s==;SharedAccessKey=%[2]s= with Authorization: Bearer %[2]s.x.y and SharedKey st:%[2]s= for {\"accessKey\":\"%[2]s\"}", open, secret)
}

// betraying is a transport that answers in place of Azure.
type betraying struct {
	*betrayed
	who  string
	next policy.Transporter
}

func (b betraying) Do(r *http.Request) (*http.Response, error) {
	if now := b.now.Load(); now != nil && now.who == b.who {
		if now.status == 0 {
			drop(r)
			return nil, fmt.Errorf("dial: %s", b.words(b.who+"-network"))
		}
		said := b.words(b.who)
		body := fmt.Sprintf(`{"error":{"code":"Code","message":%q},"odata.error":{"code":"Code","message":{"lang":"en-US","value":%[1]q}}}`, said)
		if b.who == emulator.ServiceBlob {
			body = "<?xml version=\"1.0\"?><Error><Code>Code</Code><Message>" + strings.ReplaceAll(said, "&", "&amp;") + "</Message></Error>"
		}
		drop(r)
		answer := reply(r, now.status, body)
		answer.Header.Set("x-ms-error-code", "Code")
		if b.who == emulator.ServiceBlob {
			answer.Header.Set("Content-Type", "application/xml")
		}
		return answer, nil
	}
	answer, err := b.next.Do(r)
	if err == nil && answer.Header.Get("Location") != "" {
		answer.Header.Set("Location", answer.Header.Get("Location")+"&t=location-hidden")
	}
	return answer, err
}

// hooks are the receivers of webhooks and heartbeats.
func (b *betrayed) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	b.spy.look("notice", r.Method, string(body))
	now := b.now.Load()
	switch {
	case now == nil || now.who != "hook":
		return reply(r, http.StatusNoContent, ""), nil
	case now.status == 0:
		return nil, fmt.Errorf("dial %s: %s", r.URL, b.words("hook-network"))
	}
	answer := reply(r, now.status, b.words("hook"))
	answer.Header.Set("Location", r.URL.String())
	return answer, nil
}

func betrayedPlan(t *testing.T) *plan.Plan {
	t.Helper()
	p, err := plan.Parse("secrets.yaml", []byte(`version: 1
webhooks: {ops: {urlSetting: OPS_URL, keySetting: OPS_KEY}}
defaults: {storageAccount: stbackups, container: apim, schedule: "0 0 * * * *", jitter: 0s, interval: 1h, grace: 10m, attempts: 2}
services:
  apim-weu:
    resourceId: `+samples+`apim-weu
    heartbeatSetting: WEU_BEAT
    standbys: {apim-neu: {resourceId: `+samples+`apim-neu}}
    failover: {mode: approve, rules: [apim-weu-down], minFor: 1m, approvers: the on-call engineer}
  apim-sea: {resourceId: `+samples+`apim-sea, access: AccessKey, accessKeySetting: SEA_KEY}
`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func betray(t *testing.T) *betrayed {
	b := &betrayed{spy: newSpy()}
	b.app = &app{t: t, azure: emulator.New(emulator.Options{Services: historyServices()}), settings: secretSettings}
	for name, value := range secretSettings {
		b.spy.hide("app setting "+name, spelled(value))
	}
	b.spy.hide("a part of a secret", []string{planted})
	b.spy.hide("the query of a Location", []string{"location-hidden"}, "row")
	b.spy.hide("a password in a message", []string{"hunter2"}, "message")
	b.spy.hide("the key of storage", spelled(between(b.azure.Storage.ConnectionString(inProcess, inProcess), "AccountKey=")))
	b.spy.hide("the key of Service Bus", spelled(between(b.azure.Broker.ConnectionString("x"), "SharedAccessKey=")))
	b.between = func(who string, next policy.Transporter) policy.Transporter {
		return learning{b.spy, betraying{b, who, next}}
	}
	log := slog.New(functions.LogHandler(slog.NewJSONHandler(b.spy, &slog.HandlerOptions{Level: slog.LevelDebug})))
	engine := b.engine(betrayedPlan(t), log)
	engine.Hooks = webhook.New(webhook.Options{Getenv: b.setting, Transport: b})
	b.worker = host.NewInProcess(handlers.New(engine, log, admitting(everybody)))
	b.serve(b.worker)
	b.azure.Broker.SetHook(b.bus)
	return b
}

func between(text, from string) string {
	_, rest, _ := strings.Cut(text, from)
	value, _, _ := strings.Cut(rest, ";")
	return value
}

func (b *betrayed) bus(op servicebus.Op) servicebus.Verdict {
	b.spy.look("message", op.Queue, fmt.Sprint(op.Message.ID, string(op.Message.Body), op.Message.ApplicationProperties))
	if now := b.now.Load(); now != nil && now.who == "bus" && (op.Kind == servicebus.OpSend || op.Kind == servicebus.OpSchedule) {
		return servicebus.Fail("amqp:not-allowed", b.words("bus"))
	}
	return servicebus.Proceed
}

// busy lets everything happen for a while, and looks at the pages meanwhile.
func (b *betrayed) busy(id string) {
	send := func(queue string, body []byte) {
		if err := b.azure.Broker.Send(queue, servicebus.Message{Body: body}); err != nil {
			b.t.Error(err)
		}
	}
	for _, service := range []string{"apim-weu", "apim-sea"} {
		send(emulator.RequestQueue, must(request.EncodeRequest(request.Request{ID: "b" + id + service, Kind: request.Backup, Service: service, By: "ann"})))
	}
	send(emulator.RequestQueue, must(request.EncodeRequest(request.Request{ID: "r" + id, Kind: request.Restore, Service: "apim-weu", By: "ann", Reason: "drill"})))
	send(emulator.RequestQueue, []byte(`{"schema":1,"kind":"Rescue","password":"hunter2"}`))
	send(emulator.RequestQueue, must(request.EncodeAlert(request.Alert{ID: "alert" + id, Rule: "apim-weu-down", Condition: request.Fired, FiredAt: time.Now(), MonitoringService: "Platform"})))
	for range 2 {
		time.Sleep(7 * time.Minute)
		b.spy.pages(b.host.HTTP(), 10)
	}
	b.spy.stored(b.azure)
}

// Whatever Azure, a receiver or a sender repeats of a secret, and whenever, it
// stands in no row, message, log line, notice, metric and page.
func TestNoSecretIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := betray(t)
		defer b.stop()
		b.azure.ARM.SetGateway("apim-weu", arm.GatewayDown)
		b.azure.ARM.FailNext("apim-sea", arm.Fault{Fail: &arm.Failure{Code: "InternalServerError", Message: b.words("operation")}}, arm.Fault{Fail: &arm.Failure{Code: "InternalServerError", Message: b.words("operation")}})
		b.busy("first")
		for _, who := range []string{"operation", emulator.ServiceARM, emulator.ServiceTable, emulator.ServiceBlob, "bus"} {
			b.spy.expect("open-words-of-" + who)
		}
		for _, who := range []string{emulator.ServiceARM, emulator.ServiceTable, emulator.ServiceBlob, "bus", "hook"} {
			for _, status := range []int{0, 400, 503} {
				if who == "bus" && status > 0 || who != emulator.ServiceARM && status == 400 {
					continue // says nothing new
				}
				b.now.Store(&betrayal{who, status})
				b.busy(fmt.Sprint(who, status))
			}
			b.now.Store(nil)
			b.busy("after-" + who)
		}
		b.spy.pages(b.host.HTTP(), 60)
		b.spy.report(t)
		t.Logf("looked at %v", b.spy.looked)
	})
}
