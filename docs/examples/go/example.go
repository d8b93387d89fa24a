// FaceVer over HTTP, with Go 1.19 or later and no modules: go run .
//
// Environment: URL, API_KEY (where the server asks for one), PHOTO, SELFIE and OTHER (JPEG), VIDEO. Templates and the
// best shot are written to the current folder. Exit status 0, or 1 with the error on standard error.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"strconv"
	"time"
)

const (
	pattern  = "/v1/face/pattern/"
	liveness = "/v1/face/liveness/"
	jpeg     = "image/jpeg"
	template = "application/octet-stream"
	attempts = 4
)

var (
	url    = setting("URL", "http://127.0.0.1:8080")
	key    = setting("API_KEY", "")
	client = &http.Client{Timeout: 60 * time.Second}
)

// Error is an answer that is not 200. Decide by Code, the message may change; RequestID finds the server's log line.
type Error struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Status    int    `json:"-"`
	RequestID string `json:"-"`
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s (HTTP %d, request %s)", e.Code, e.Message, e.Status, e.RequestID)
}

// answer is what came back with 200.
type answer struct {
	header http.Header
	body   []byte
}

// call sends a request; headers are pairs of name and value. A 503 with Retry-After is repeated after that time:
// nothing was done.
func call(method, path string, body []byte, headers ...string) (*answer, error) {
	for attempt := 1; ; attempt++ {
		request, err := http.NewRequest(method, url+path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		if key != "" {
			request.Header.Set("X-API-Key", key)
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return nil, err
		}
		if response.StatusCode == http.StatusOK {
			return &answer{response.Header, data}, nil
		}
		seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
		if response.StatusCode != http.StatusServiceUnavailable || err != nil || attempt == attempts {
			failure := &Error{Code: "HTTP " + strconv.Itoa(response.StatusCode), Status: response.StatusCode}
			failure.RequestID = response.Header.Get("X-Request-ID")
			_ = json.Unmarshal(data, failure) // not JSON: a proxy's answer
			return nil, failure
		}
		time.Sleep(time.Duration(seconds) * time.Second)
	}
}

// callJSON is call for an answer that is JSON.
func callJSON(into any, method, path string, body []byte, headers ...string) error {
	got, err := call(method, path, body, headers...)
	if err != nil {
		return err
	}
	return json.Unmarshal(got.body, into)
}

// part is a file of a form, or a plain field where it has no name.
type part struct {
	field, name, mediaType string
	data                   []byte
}

// form makes a multipart/form-data body, and its Content-Type. (multipart.Writer.CreateFormFile would state
// application/octet-stream, which FaceVer refuses for an image.)
func form(parts ...part) (body []byte, contentType string) {
	var buffer bytes.Buffer
	writer := multipart.NewWriter(&buffer)
	for _, p := range parts {
		header := textproto.MIMEHeader{}
		disposition := map[string]string{"name": p.field}
		if p.name != "" {
			disposition["filename"] = p.name
			header.Set("Content-Type", p.mediaType)
		}
		header.Set("Content-Disposition", mime.FormatMediaType("form-data", disposition))
		part, _ := writer.CreatePart(header) // a buffer takes everything
		part.Write(p.data)
	}
	writer.Close()
	return buffer.Bytes(), writer.FormDataContentType()
}

// formParts are the parts of a multipart/form-data answer, by name.
func formParts(got *answer) (map[string][]byte, error) {
	_, parameters, err := mime.ParseMediaType(got.header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	parts := map[string][]byte{}
	reader := multipart.NewReader(bytes.NewReader(got.body), parameters["boundary"])
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return nil, err
		}
		if parts[part.FormName()], err = io.ReadAll(part); err != nil {
			return nil, err
		}
	}
}

func extract(photo []byte) ([]byte, error) {
	got, err := call("POST", pattern+"extract", photo, "Content-Type", jpeg)
	if err != nil {
		return nil, err
	}
	return got.body, nil
}

func extractBase64(photo []byte) ([]byte, error) {
	body := []byte(base64.StdEncoding.EncodeToString(photo))
	got, err := call("POST", pattern+"extract", body, "Content-Type", jpeg, "Content-Transfer-Encoding", "base64")
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(string(got.body))
}

// comparison is a score and its decision; Filename is the gallery's, in a search.
type comparison struct {
	Filename string
	Score    float64
	Decision string
}

func compare(feature, other []byte) (result comparison, err error) {
	body, contentType := form(
		part{"bio_feature", "feature", template, feature},
		part{"bio_template", "template", template, other},
	)
	err = callJSON(&result, "POST", pattern+"compare", body, "Content-Type", contentType)
	return result, err
}

// verify compares a photo with a template, and returns the photo's own template, too.
func verify(photo, stored []byte) (score float64, extracted []byte, err error) {
	body, contentType := form(
		part{"sample", "photo.jpg", jpeg, photo},
		part{"bio_template", "template", template, stored},
	)
	got, err := call("POST", pattern+"verify", body, "Content-Type", contentType)
	if err != nil {
		return 0, nil, err
	}
	parts, err := formParts(got)
	if err != nil {
		return 0, nil, err
	}
	var result comparison
	err = json.Unmarshal(parts["score"], &result)
	return result.Score, parts["bio_feature"], err
}

type entry struct {
	name     string
	template []byte
}

// search compares a photo with every template of a gallery, in the gallery's order.
func search(photo []byte, gallery []entry) ([]comparison, error) {
	parts := []part{{"sample_1", "photo.jpg", jpeg, photo}}
	for _, e := range gallery {
		parts = append(parts, part{"templates_n", e.name, template, e.template})
	}
	body, contentType := form(parts...)
	var found struct{ Results []comparison }
	err := callJSON(&found, "POST", pattern+"verify_n", body, "Content-Type", contentType)
	return found.Results, err
}

// document is what is read of a folder document.
type document struct {
	SystemResolution string `json:"system_resolution"`
	Analyses         []struct {
		State        string
		ErrorCode    int    `json:"error_code"`
		ErrorMessage string `json:"error_message"`
		ResultsMedia []struct {
			ResultsData struct {
				ConfidenceSpoofing float64 `json:"confidence_spoofing"`
			} `json:"results_data"`
			OutputImages []struct {
				JPEG []byte `json:"image_b64"` // encoding/json undoes the base64 of a []byte
			} `json:"output_images"`
		} `json:"results_media"`
	}
}

func folder(video []byte) (result document, err error) {
	payload := `{
		"media:tags": {"video1": ["video_selfie", "video_selfie_blank"]},
		"analyses": [{"type": "quality", "params": {"extract_best_shot": true}}]
	}`
	body, contentType := form(
		part{"video1", "video.mp4", "video/mp4", video},
		part{field: "payload", data: []byte(payload)},
	)
	if err = callJSON(&result, "POST", liveness+"detect", body, "Content-Type", contentType); err != nil {
		return result, err
	}
	if a := result.Analyses[0]; a.State != "FINISHED" { // no face, several people
		return result, fmt.Errorf("%d: %s", a.ErrorCode, a.ErrorMessage)
	}
	return result, nil
}

func run() error {
	var files [4][]byte
	names := [4][2]string{{"PHOTO", "photo.jpg"}, {"SELFIE", "selfie.jpg"}, {"OTHER", "other.jpg"}, {"VIDEO", "video.mp4"}}
	for i, name := range names {
		data, err := os.ReadFile(setting(name[0], name[1]))
		if err != nil {
			return err
		}
		files[i] = data
	}
	photo, selfie, other, video := files[0], files[1], files[2], files[3]

	var health struct{ Status int }
	if err := callJSON(&health, "GET", pattern+"health", nil); err != nil {
		return err
	}
	fmt.Println("health", health.Status)

	gallery := []entry{{"photo.fvt", photo}, {"other.fvt", other}}
	for i, e := range gallery {
		made, err := extract(e.template)
		if err != nil {
			return err
		}
		gallery[i].template = made
		if err := os.WriteFile(e.name, made, 0o600); err != nil {
			return err
		}
		fmt.Println("template", e.name, len(made))
	}

	compared, err := compare(gallery[0].template, gallery[1].template)
	if err != nil {
		return err
	}
	fmt.Printf("compare %.6f %s\n", compared.Score, compared.Decision)

	score, made, err := verify(selfie, gallery[0].template)
	if err != nil {
		return err
	}
	if err := os.WriteFile("selfie.fvt", made, 0o600); err != nil {
		return err
	}
	fmt.Printf("verify %.6f selfie.fvt %d\n", score, len(made))

	matches, err := search(selfie, gallery)
	if err != nil {
		return err
	}
	for _, match := range matches {
		fmt.Printf("search %s %.6f %s\n", match.Filename, match.Score, match.Decision)
	}

	again, err := extractBase64(photo)
	if err != nil {
		return err
	}
	fmt.Println("base64", word(bytes.Equal(again, gallery[0].template), "equal", "different"))

	var live struct {
		Passed bool
		Score  float64
	}
	if err := callJSON(&live, "POST", liveness+"detect", selfie, "Content-Type", jpeg); err != nil {
		return err
	}
	fmt.Printf("liveness %s %.6f\n", word(live.Passed, "passed", "failed"), live.Score)

	analysed, err := folder(video)
	if err != nil {
		return err
	}
	result := analysed.Analyses[0].ResultsMedia[0]
	shot := result.OutputImages[0].JPEG
	if err := os.WriteFile("best_shot.jpg", shot, 0o600); err != nil {
		return err
	}
	fmt.Printf("folder %s %.6f\n", analysed.SystemResolution, result.ResultsData.ConfidenceSpoofing)
	fmt.Println("best shot best_shot.jpg", len(shot))
	return nil
}

func word(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

func setting(name, otherwise string) string {
	if value, found := os.LookupEnv(name); found {
		return value
	}
	return otherwise
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error", err)
		os.Exit(1)
	}
}
