// A custom step in Go: gives each tenant an account in a CRM, and takes it back. The CRM is a folder with one JSON file for each
// account, so that the example runs anywhere.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
)

// Call is what every custom step is asked with.
type Call struct {
	TenantID string `json:"tenantId"`
	RunID    string `json:"runId"`
	StepID   string `json:"stepId"`
	Number   int    `json:"number"`
	Verb     string `json:"verb"`
	Input    struct {
		Slug  string `json:"slug"`
		Seats int    `json:"seats,omitempty"`
	} `json:"input"`
}

// Account is the step's output: later steps refer to it.
type Account struct {
	Account string `json:"account"`
}

type crm struct{ folder string }

// The account is named by the tenant's id: a repeated act finds what the one before made.
func (c crm) accountOf(call Call) string { return filepath.Join(c.folder, call.TenantID+".json") }

// CreateAccount may be asked twice; twice is once. Texts of errors are not sealed by this SDK: keep names and secrets out of them.
func (c crm) CreateAccount(_ context.Context, call Call) (Account, error) {
	if call.Input.Seats > 100 {
		return Account{}, temporal.NewNonRetryableApplicationError("more seats than the CRM sells", "TooManySeats", nil)
	}
	text, err := json.Marshal(call.Input)
	if err != nil {
		return Account{}, err
	}
	if err := os.MkdirAll(c.folder, 0o755); err != nil {
		return Account{}, err
	}
	return Account{fmt.Sprintf("crm-%.8s", call.TenantID)}, os.WriteFile(c.accountOf(call), text, 0o644)
}

// DeleteAccount takes the same input as the act. That nothing is there is success.
func (c crm) DeleteAccount(_ context.Context, call Call) error {
	if err := os.Remove(c.accountOf(call)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func main() {
	temporalClient, err := client.Dial(client.Options{
		HostPort:      setting("TEMPORAL_ADDRESS", client.DefaultHostPort),
		Namespace:     setting("TEMPORAL_NAMESPACE", client.DefaultNamespace),
		DataConverter: newTenantryConverter(os.Getenv("TENANTRY_URL"), os.Getenv("TENANTRY_WORKER_TOKEN")),
	})
	if err != nil {
		log.Fatalln("no Temporal:", err)
	}
	defer temporalClient.Close()

	accounts := crm{setting("CRM_DIR", "crm")}
	steps := worker.New(temporalClient, os.Getenv("TASK_QUEUE"), worker.Options{})
	steps.RegisterActivityWithOptions(accounts.CreateAccount, activity.RegisterOptions{Name: "crm.create_account"})
	steps.RegisterActivityWithOptions(accounts.DeleteAccount, activity.RegisterOptions{Name: "crm.delete_account"})
	if err := steps.Start(); err != nil {
		log.Fatalln("no worker:", err)
	}
	fmt.Println("ready")
	<-worker.InterruptCh()
	steps.Stop()
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
