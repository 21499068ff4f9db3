package handlers_test

import (
	"sync/atomic"

	"lifeboat/internal/emulator/servicebus"
	"lifeboat/internal/emulator/wire"
)

// loseThirdDoubleFifth loses one message and doubles another.
func loseThirdDoubleFifth() servicebus.Hook {
	var sends atomic.Int64
	return func(op servicebus.Op) servicebus.Verdict {
		if op.Kind != servicebus.OpSend && op.Kind != servicebus.OpSchedule {
			return servicebus.Proceed
		}
		switch sends.Add(1) {
		case 3:
			return servicebus.Swallow
		case 5:
			return servicebus.Twice
		}
		return servicebus.Proceed
	}
}

// away takes a part of Azure away until back is called.
func (a *app) away(service string) (back func()) {
	if service == "servicebus" {
		a.azure.Broker.SetHook(func(servicebus.Op) servicebus.Verdict { return servicebus.DropBefore })
		return func() { a.azure.Broker.SetHook(nil) }
	}
	return a.azure.Tap.Inject(wire.Fault{Service: service, Kind: wire.Instead, Status: 503})
}
