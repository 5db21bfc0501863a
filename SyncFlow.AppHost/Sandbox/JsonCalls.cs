using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>
/// JSON over HTTP to one of our services. A service that is away (it died and is being started again) is asked again
/// for a while, with the same idempotency key; any other refusal ends the step with what the service said.
/// </summary>
/// <param name="client">Shared by all calls.</param>
/// <param name="service">The service's name, for messages.</param>
/// <param name="baseUrl">Its base address.</param>
/// <param name="bearer">Its API key, or null.</param>
/// <param name="logFile">Its log, for messages.</param>
/// <param name="time">Makes the pauses between attempts and the keys.</param>
internal sealed class JsonCalls(HttpClient client, string service, string baseUrl, string? bearer, string logFile, TimeProvider time)
{
    private const int Attempts = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public Task<JsonNode?> GetAsync(string step, string path, CancellationToken cancellation)
    {
        return SendAsync(step, HttpMethod.Get, path, null, cancellation);
    }

    /// <param name="ifMatch">The tag of what was seen, where the call must name one.</param>
    public Task<JsonNode?> PostAsync(string step, string path, JsonObject body, CancellationToken cancellation, string? ifMatch = null)
    {
        return SendBodyAsync(step, HttpMethod.Post, path, () => JsonContent.Create(body), cancellation, ifMatch);
    }

    /// <summary>Posts a file.</summary>
    public Task<JsonNode?> PostCsvAsync(string step, string path, string text, CancellationToken cancellation)
    {
        return SendBodyAsync(step, HttpMethod.Post, path, () => new StringContent(text, Encoding.UTF8, "text/csv"), cancellation);
    }

    public Task<JsonNode?> PutAsync(string step, string path, JsonObject body, CancellationToken cancellation)
    {
        return SendAsync(step, HttpMethod.Put, path, body, cancellation);
    }

    public Task<JsonNode?> DeleteAsync(string step, string path, CancellationToken cancellation)
    {
        return SendAsync(step, HttpMethod.Delete, path, null, cancellation);
    }

    /// <summary>The failure of a step, with all that helps to find its cause.</summary>
    public SandboxStepException Failed(string step, string why) => new($"{step} failed: {why} The log of {service}: {logFile}");

    private Task<JsonNode?> SendAsync(string step, HttpMethod method, string path, JsonObject? body, CancellationToken cancellation)
    {
        return SendBodyAsync(step, method, path, () => body is null ? null : JsonContent.Create(body), cancellation);
    }

    private async Task<JsonNode?> SendBodyAsync(
        string step, HttpMethod method, string path, Func<HttpContent?> body, CancellationToken cancellation, string? ifMatch = null)
    {
        var key = Guid.CreateVersion7(time.GetUtcNow()).ToString();
        for (var attempt = 1; ; attempt++)
        {
            string away;
            try
            {
                using var request = Request(method, path, body, key);
                if (ifMatch is not null)
                {
                    request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
                }

                using var answer = await client.SendAsync(request, cancellation).ConfigureAwait(false);
                if (answer.IsSuccessStatusCode)
                {
                    return await ReadAsync(step, answer, cancellation).ConfigureAwait(false);
                }

                away = await DescribeAsync(answer, cancellation).ConfigureAwait(false);
                if (!IsAway(answer.StatusCode))
                {
                    throw Failed(step, $"{method} {path} was answered {away}");
                }
            }
            catch (HttpRequestException failure)
            {
                away = failure.Message;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                away = $"no answer within {client.Timeout.TotalSeconds:0} s.";
            }

            if (attempt == Attempts)
            {
                throw Failed(step, $"{method} {path} could not be done in {Attempts} attempts; the last: {away}");
            }

            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, Func<HttpContent?> body, string key)
    {
        var request = new HttpRequestMessage(method, new Uri(baseUrl + path));
        if (bearer is not null)
        {
            request.Headers.Authorization = new("Bearer", bearer);
        }

        if (method != HttpMethod.Get)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        request.Content = body();
        return request;
    }

    private async Task<JsonNode?> ReadAsync(string step, HttpResponseMessage answer, CancellationToken cancellation)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
        try
        {
            return string.IsNullOrWhiteSpace(text) ? null : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            throw Failed(step, $"{answer.RequestMessage?.RequestUri?.AbsolutePath} answered something that is not JSON.");
        }
    }

    private static bool IsAway(HttpStatusCode status)
    {
        return status is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
    }

    /// <summary>Status, and the title and detail of a problem answer (RFC 9457).</summary>
    private static async Task<string> DescribeAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var status = string.Create(CultureInfo.InvariantCulture, $"{(int)answer.StatusCode}");
        var text = await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (JsonNode.Parse(text) is JsonObject problem)
            {
                string[] parts = [status, problem.Text("title") ?? answer.ReasonPhrase ?? "", problem.Text("detail") ?? ""];
                return string.Join(": ", parts.Where(part => part.Length > 0)) + ".";
            }
        }
        catch (JsonException)
        {
            // Not a problem answer; the status has to do.
        }

        return $"{status} {answer.ReasonPhrase}.";
    }
}
