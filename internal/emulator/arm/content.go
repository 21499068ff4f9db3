package arm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Content is what a backup holds and a restore replaces: a service's
// configuration with its users and subscriptions, but not its tier, hosts,
// identity or network.
type Content struct {
	APIs          []API             `json:"apis"`
	Products      []Product         `json:"products"`
	NamedValues   []NamedValue      `json:"namedValues"`
	Policies      map[string]string `json:"policies"` // XML by scope: "global", "apis/echo"
	Subscriptions []Subscription    `json:"subscriptions"`
	Users         []User            `json:"users"`
}

// API is one API without its operations.
type API struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Path        string `json:"path"`
	ServiceURL  string `json:"serviceUrl"`
}

// Product is one product with the names of its APIs.
type Product struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"displayName"`
	APIs        []string `json:"apis"`
}

// NamedValue is one named value; policies refer to it by DisplayName.
type NamedValue struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Value       string `json:"value"`
	Secret      bool   `json:"secret"` // ARM lists a secret without its value
}

// Subscription is one user's subscription to a product.
type Subscription struct {
	Name    string `json:"name"`
	Product string `json:"product"`
	User    string `json:"user"`
}

// User is one developer account.
type User struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// clone copies a content, so that nobody shares its slices.
func (c Content) clone() Content {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and bools only
	}
	var copied Content
	if err := json.Unmarshal(b, &copied); err != nil {
		panic(err)
	}
	return copied
}

// collection is one page of a list as APIM writes it.
type collection struct {
	Value    []entity `json:"value"`
	Count    int      `json:"count"` // of the whole list
	NextLink string   `json:"nextLink"`
}

type entity struct {
	ID         string         `json:"id"`
	Type       string         `json:"type"`
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties"`
}

func (s *Simulator) listAPIs(c call) reply {
	var all []entity
	for _, a := range c.service.Content.APIs {
		all = append(all, c.entity("apis", a.Name, map[string]any{
			"displayName": a.DisplayName, "apiRevision": "1", "description": nil, "subscriptionRequired": true,
			"serviceUrl": a.ServiceURL, "path": a.Path, "protocols": []string{"https"}, "isCurrent": true,
		}))
	}
	return s.page(c, all)
}

func (s *Simulator) listProducts(c call) reply {
	var all []entity
	for _, p := range c.service.Content.Products {
		all = append(all, c.entity("products", p.Name, map[string]any{
			"displayName": p.DisplayName, "description": "", "terms": "", "subscriptionRequired": true,
			"approvalRequired": false, "subscriptionsLimit": 1, "state": "published",
		}))
	}
	return s.page(c, all)
}

func (s *Simulator) listNamedValues(c call) reply {
	var all []entity
	for _, n := range c.service.Content.NamedValues {
		properties := map[string]any{"displayName": n.DisplayName, "tags": []string{}, "secret": n.Secret}
		if !n.Secret {
			properties["value"] = n.Value
		}
		all = append(all, c.entity("namedValues", n.Name, properties))
	}
	return s.page(c, all)
}

func (c call) entity(collection, name string, properties map[string]any) entity {
	id := resourceID(c.service.Subscription, c.service.ResourceGroup, c.service.Name)
	return entity{
		ID:   fmt.Sprintf("%s/%s/%s", id, collection, name),
		Type: "Microsoft.ApiManagement/service/" + collection, Name: name, Properties: properties,
	}
}

// pageSize is APIM's when a request has no $top.
const pageSize = 100

func (s *Simulator) page(c call, all []entity) reply {
	query := c.URL.Query()
	top, err := number(query, "$top", pageSize, 1)
	if err != nil {
		return failure(http.StatusBadRequest, "ValidationError", err.Error())
	}
	skip, err := number(query, "$skip", 0, 0)
	if err != nil {
		return failure(http.StatusBadRequest, "ValidationError", err.Error())
	}
	skip = min(skip, len(all))
	end := min(skip+top, len(all))
	page := collection{Value: append([]entity{}, all[skip:end]...), Count: len(all)}
	if end < len(all) {
		query.Set("$top", strconv.Itoa(top))
		query.Set("$skip", strconv.Itoa(end))
		page.NextLink = s.endpoint(c.Request) + c.URL.EscapedPath() + "?" + query.Encode()
	}
	return success(http.StatusOK, page)
}

func number(query url.Values, name string, otherwise, least int) (int, error) {
	if !query.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(query.Get(name))
	if err != nil || n < least {
		return 0, fmt.Errorf("%s: want a number of at least %d, got %q", name, least, query.Get(name))
	}
	return n, nil
}
