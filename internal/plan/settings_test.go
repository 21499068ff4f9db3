package plan

import (
	"strings"
	"testing"
)

func TestResourceGroupsThatAzureAllows(t *testing.T) {
	for group, ok := range map[string]bool{
		"rg-apim_(weu).1": true, "Größe-пример-表示-٣": true, strings.Repeat("é", 90): true, "-": true,
		"": false, "rg.": false, strings.Repeat("é", 91): false, "a/b": false, "a b": false, "a%20b": false, "a#b": false, "a\u200bb": false,
	} {
		text := "version: 1\nservices: {a: {storageAccount: abc, container: abc, resourceId: \"/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/" +
			group + "/providers/Microsoft.ApiManagement/service/a\"}}\n"
		p, err := Parse("lifeboat.yaml", []byte(text))
		if (err == nil) != ok || ok && p.Services[0].ResourceGroup != group {
			t.Errorf("resource group %q: %v", group, err)
		}
	}
}
