package handlers

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/google/uuid"

	"lifeboat/internal/functions"
	"lifeboat/internal/job"
	"lifeboat/internal/recovery"
	"lifeboat/internal/request"
)

// alertHook is for action groups, which can't send to Service Bus. It checks
// an alert and puts it on the queue; 202 means that Service Bus has it. An
// action group tries again after 408, 429, 503 and 504, and after nothing
// else.
func alertHook(queue recovery.Sender, log *slog.Logger) functions.Registration {
	return functions.OnHTTP("AlertHook", []string{http.MethodPost}, "alert", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, request.MaxSize))
		if err != nil {
			refuse(w, http.StatusBadRequest, "the body can't be read, or is larger than an alert")
			return
		}
		decoded, err := request.Decode(body)
		alert, ok := decoded.(request.Alert)
		if err != nil || !ok {
			log.WarnContext(r.Context(), "alert refused", "error", errorText(err))
			refuse(w, http.StatusBadRequest, "want an alert in Azure Monitor's common alert schema: enable it in the action group")
			return
		}
		reduced, err := request.EncodeAlert(alert)
		if err != nil {
			log.WarnContext(r.Context(), "alert refused", "error", err.Error())
			refuse(w, http.StatusBadRequest, "the alert can't be passed on")
			return
		}
		message := job.Message{Queue: recovery.RequestQueue, ID: "alert/" + uuid.NewString(), Body: reduced}
		if err := queue.Send(r.Context(), message); err != nil {
			log.ErrorContext(r.Context(), "alert not passed on", "rule", alert.Rule, "error", err.Error())
			refuse(w, http.StatusServiceUnavailable, "Service Bus did not take the alert: send it again")
			return
		}
		log.InfoContext(r.Context(), "alert passed on", "rule", alert.Rule, "condition", string(alert.Condition))
		w.WriteHeader(http.StatusAccepted)
	})
}

func errorText(err error) string {
	if err == nil {
		return "a request is not an alert"
	}
	return err.Error()
}
