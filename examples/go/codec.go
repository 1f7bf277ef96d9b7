package main

import (
	"context"
	"net/http"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// tenantryConverter opens what was sealed for this worker's task queue by Tenantry's codec, and seals what it answers with the
// key of the tenant whose workflow asked.
type tenantryConverter struct {
	converter.DataConverter
	endpoint, token string
}

var _ workflow.ContextAware = tenantryConverter{}

func newTenantryConverter(tenantry, token string) converter.DataConverter {
	endpoint := tenantry + "/api/v1/codec"
	return tenantryConverter{remote(endpoint, token, ""), endpoint, token}
}

// WithContext is called for each activity, before its input is read and its answer written.
func (c tenantryConverter) WithContext(ctx context.Context) converter.DataConverter {
	if !activity.IsActivity(ctx) {
		return c
	}
	return remote(c.endpoint, c.token, activity.GetInfo(ctx).WorkflowExecution.ID)
}

func (c tenantryConverter) WithWorkflowContext(workflow.Context) converter.DataConverter { return c }

func remote(endpoint, token, workflowID string) converter.DataConverter {
	return converter.NewRemoteDataConverter(converter.GetDefaultDataConverter(), converter.RemoteDataConverterOptions{
		Endpoint: endpoint,
		ModifyRequest: func(request *http.Request) error {
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Authorization", "Bearer "+token)
			request.Header.Set("X-Tenantry-Workflow-Id", workflowID)
			return nil
		},
	})
}
