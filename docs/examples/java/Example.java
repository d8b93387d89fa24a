import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * FaceVer over HTTP, with Java 11 or later and no libraries: java Example.java
 *
 * <p>Environment: URL, API_KEY (where the server asks for one), PHOTO, SELFIE and OTHER (JPEG), VIDEO. Templates and
 * the best shot are written to the current folder. Exit status 0, or 1 with the error on standard error.
 */
public class Example {
    static final String URL = setting("URL", "http://127.0.0.1:8080");
    static final String KEY = setting("API_KEY", "");
    static final String PATTERN = "/v1/face/pattern/";
    static final String LIVENESS = "/v1/face/liveness/";
    static final String JPEG = "image/jpeg";
    static final String TEMPLATE = "application/octet-stream";
    static final int ATTEMPTS = 4;

    static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    /** An answer that is not 200. Decide by code, the message may change; requestId finds the server's log line. */
    static class FaceVerException extends Exception {
        private static final long serialVersionUID = 1;
        final String code;
        final int status;
        final String requestId;

        FaceVerException(String code, String message, int status, String requestId) {
            super(code + ": " + message + " (HTTP " + status + ", request " + requestId + ")");
            this.code = code;
            this.status = status;
            this.requestId = requestId;
        }

        static FaceVerException of(HttpResponse<byte[]> response) {
            String body = text(response);
            return new FaceVerException(
                    field(body, "code", "HTTP " + response.statusCode()),
                    field(body, "message", ""),
                    response.statusCode(),
                    response.headers().firstValue("X-Request-ID").orElse("-"));
        }
    }

    /** A multipart/form-data body. */
    static class Form {
        final String boundary = UUID.randomUUID().toString();
        final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Form file(String field, byte[] data, String type, String name) {
            return part("name=\"" + field + "\"; filename=\"" + name + "\"\r\nContent-Type: " + type, data);
        }

        Form text(String field, String value) {
            return part("name=\"" + field + "\"", value.getBytes(StandardCharsets.UTF_8));
        }

        private Form part(String head, byte[] data) {
            write("--" + boundary + "\r\nContent-Disposition: form-data; " + head + "\r\n\r\n");
            out.writeBytes(data);
            write("\r\n");
            return this;
        }

        private void write(String text) {
            out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
        }

        HttpResponse<byte[]> post(String path) throws Exception {
            write("--" + boundary + "--\r\n");
            return Example.post(path, out.toByteArray(), "Content-Type", "multipart/form-data; boundary=" + boundary);
        }
    }

    static HttpResponse<byte[]> get(String path) throws Exception {
        return call(HttpRequest.newBuilder(URI.create(URL + path)));
    }

    static HttpResponse<byte[]> post(String path, byte[] body, String... headers) throws Exception {
        return call(HttpRequest.newBuilder(URI.create(URL + path))
                .POST(BodyPublishers.ofByteArray(body))
                .headers(headers));
    }

    /** A 503 with Retry-After is repeated after that time: nothing was done. */
    static HttpResponse<byte[]> call(HttpRequest.Builder request) throws Exception {
        if (!KEY.isEmpty()) {
            request.header("X-API-Key", KEY);
        }
        HttpRequest built = request.timeout(Duration.ofSeconds(60)).build();
        for (int attempt = 1; ; attempt++) {
            HttpResponse<byte[]> response = CLIENT.send(built, BodyHandlers.ofByteArray());
            if (response.statusCode() == 200) {
                return response;
            }
            long seconds = response.headers().firstValueAsLong("Retry-After").orElse(-1);
            if (response.statusCode() != 503 || seconds < 0 || attempt == ATTEMPTS) {
                throw FaceVerException.of(response);
            }
            Thread.sleep(1000 * seconds);
        }
    }

    /** The parts of a multipart/form-data answer, by name. Latin-1 keeps every byte as one character. */
    static Map<String, byte[]> formParts(HttpResponse<byte[]> response) {
        String type = response.headers().firstValue("Content-Type").orElse("");
        Matcher boundary = Pattern.compile("boundary=\"?([^\";]+)").matcher(type);
        boundary.find();
        String body = "\r\n" + new String(response.body(), StandardCharsets.ISO_8859_1);
        String[] pieces = body.split(Pattern.quote("\r\n--" + boundary.group(1)));
        Map<String, byte[]> parts = new LinkedHashMap<>();
        for (String piece : Arrays.copyOfRange(pieces, 1, pieces.length - 1)) {
            int data = piece.indexOf("\r\n\r\n") + 4;
            Matcher name = Pattern.compile("name=\"([^\"]*)\"").matcher(piece.substring(0, data));
            name.find();
            parts.put(name.group(1), piece.substring(data).getBytes(StandardCharsets.ISO_8859_1));
        }
        return parts;
    }

    static byte[] extract(byte[] photo) throws Exception {
        return post(PATTERN + "extract", photo, "Content-Type", JPEG).body();
    }

    static byte[] extractBase64(byte[] photo) throws Exception {
        byte[] body = Base64.getEncoder().encode(photo);
        return Base64.getDecoder().decode(
                post(PATTERN + "extract", body, "Content-Type", JPEG, "Content-Transfer-Encoding", "base64").body());
    }

    static String compare(byte[] feature, byte[] template) throws Exception {
        return text(new Form()
                .file("bio_feature", feature, TEMPLATE, "feature")
                .file("bio_template", template, TEMPLATE, "template")
                .post(PATTERN + "compare"));
    }

    /** "score" is JSON, "bio_feature" the template of the photo. */
    static Map<String, byte[]> verify(byte[] photo, byte[] template) throws Exception {
        return formParts(new Form()
                .file("sample", photo, JPEG, "photo.jpg")
                .file("bio_template", template, TEMPLATE, "template")
                .post(PATTERN + "verify"));
    }

    /** The results are in the order of the gallery. gallery: name to template */
    static String search(byte[] photo, Map<String, byte[]> gallery) throws Exception {
        Form form = new Form().file("sample_1", photo, JPEG, "photo.jpg");
        gallery.forEach((name, template) -> form.file("templates_n", template, TEMPLATE, name));
        return text(form.post(PATTERN + "verify_n"));
    }

    static String liveness(byte[] photo) throws Exception {
        return text(post(LIVENESS + "detect", photo, "Content-Type", JPEG));
    }

    /** The folder document, with the best shot. */
    static String folder(byte[] video) throws Exception {
        String document = text(new Form()
                .file("video1", video, "video/mp4", "video.mp4")
                .text("payload", "{"
                        + "\"media:tags\": {\"video1\": [\"video_selfie\", \"video_selfie_blank\"]},"
                        + "\"analyses\": [{\"type\": \"quality\", \"params\": {\"extract_best_shot\": true}}]}")
                .post(LIVENESS + "detect"));
        if (!field(document, "state", "").equals("FINISHED")) { // no face, several people
            throw new IOException(field(document, "error_code", "") + ": " + field(document, "error_message", ""));
        }
        return document;
    }

    public static void main(String[] arguments) throws Exception {
        try {
            run();
        } catch (FaceVerException error) {
            System.err.println("error " + error.getMessage());
            System.exit(1);
        } catch (IOException error) { // no connection, no file: some of these have no message
            System.err.println("error " + error);
            System.exit(1);
        }
    }

    static void run() throws Exception {
        byte[] photo = Files.readAllBytes(Path.of(setting("PHOTO", "photo.jpg")));
        byte[] selfie = Files.readAllBytes(Path.of(setting("SELFIE", "selfie.jpg")));
        byte[] other = Files.readAllBytes(Path.of(setting("OTHER", "other.jpg")));
        byte[] video = Files.readAllBytes(Path.of(setting("VIDEO", "video.mp4")));

        print("health %s", field(text(get(PATTERN + "health")), "status", ""));

        Map<String, byte[]> gallery = new LinkedHashMap<>();
        for (String name : new String[] {"photo.fvt", "other.fvt"}) {
            byte[] template = extract(name.equals("photo.fvt") ? photo : other);
            gallery.put(name, template);
            Files.write(Path.of(name), template);
            print("template %s %d", name, template.length);
        }

        String compared = compare(gallery.get("photo.fvt"), gallery.get("other.fvt"));
        print("compare %.6f %s", number(compared, "score"), field(compared, "decision", ""));

        Map<String, byte[]> verified = verify(selfie, gallery.get("photo.fvt"));
        double score = number(new String(verified.get("score"), StandardCharsets.UTF_8), "score");
        Files.write(Path.of("selfie.fvt"), verified.get("bio_feature"));
        print("verify %.6f selfie.fvt %d", score, verified.get("bio_feature").length);

        Matcher match = Pattern.compile("\\{\"filename\"[^}]*}").matcher(search(selfie, gallery));
        while (match.find()) {
            String row = match.group();
            print("search %s %.6f %s", field(row, "filename", ""), number(row, "score"), field(row, "decision", ""));
        }

        print("base64 %s", Arrays.equals(extractBase64(photo), gallery.get("photo.fvt")) ? "equal" : "different");

        String live = liveness(selfie);
        boolean passed = field(live, "passed", "").equals("true");
        print("liveness %s %.6f", passed ? "passed" : "failed", number(live, "score"));

        String document = folder(video);
        byte[] shot = Base64.getDecoder().decode(field(document, "image_b64", ""));
        Files.write(Path.of("best_shot.jpg"), shot);
        print("folder %s %.6f", field(document, "system_resolution", ""), number(document, "confidence_spoofing"));
        print("best shot best_shot.jpg %d", shot.length);
    }

    /** The first value of that name in a JSON text; Java has no JSON parser, so use your library's in place of this. */
    static String field(String json, String name, String absent) {
        Matcher value = Pattern.compile("\"" + name + "\":\\s*(?:\"([^\"]*)\"|([^],}]*))").matcher(json);
        return !value.find() ? absent : value.group(1) != null ? value.group(1) : value.group(2);
    }

    static double number(String json, String name) {
        return Double.parseDouble(field(json, name, "NaN"));
    }

    static String text(HttpResponse<byte[]> response) {
        return new String(response.body(), StandardCharsets.UTF_8);
    }

    static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }

    static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
