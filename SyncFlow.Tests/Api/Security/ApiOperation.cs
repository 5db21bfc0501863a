using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SyncFlow.Tests.Api.Security;

/// <summary>An operation as the API's own description tells it.</summary>
/// <param name="Path">With names in braces, <c>/api/v1</c> included.</param>
/// <param name="Rule">Who may call it; null where the description does not say.</param>
/// <param name="PathTypes">The formats of the parameters in the path, by name.</param>
/// <param name="Query">The names of the parameters in the query.</param>
internal sealed partial record ApiOperation(
    HttpMethod Method, string Path, string Name, string? Rule, IReadOnlyDictionary<string, string> PathTypes, IReadOnlyList<string> Query)
{
    public const string Root = "/api/v1";

    /// <summary>The path without the root.</summary>
    public string Short => Path.StartsWith(Root, StringComparison.Ordinal) ? Path[Root.Length..] : Path;

    public bool IsRead => Method == HttpMethod.Get;

    public override string ToString() => $"{Method} {Short}";

    /// <summary>Every operation under the root, by path.</summary>
    public static async Task<List<ApiOperation>> AllAsync(ApiApp app)
    {
        var document = JsonNode.Parse(await app.Client.GetStringAsync("/openapi/v1.json"))!;
        return [.. document["paths"]!.AsObject()
            .Where(path => path.Key.StartsWith(Root, StringComparison.Ordinal))
            .SelectMany(path => path.Value!.AsObject().Where(o => o.Value!["operationId"] is not null).Select(o => Read(path.Key, o.Key, o.Value!)))
            .OrderBy(o => o.Path, StringComparer.Ordinal).ThenBy(o => o.Method.Method, StringComparer.Ordinal)];
    }

    /// <summary>A request of the operation.</summary>
    /// <param name="value">The value of a parameter in the path, by name and format.</param>
    /// <param name="query">With its question mark, or empty.</param>
    /// <param name="body">JSON, for what takes one.</param>
    public HttpRequestMessage Request(Func<string, string, string> value, string query = "", string body = "{}")
    {
        var path = Parameter().Replace(Path, match => Uri.EscapeDataString(value(match.Groups[1].Value, PathTypes.GetValueOrDefault(match.Groups[1].Value, ""))));
        var request = new HttpRequestMessage(Method, path + query);
        if (!IsRead && Method != HttpMethod.Delete)
        {
            var type = Short.EndsWith("/csv", StringComparison.Ordinal) ? "text/csv" : "application/json";
            request.Content = new StringContent(body, Encoding.UTF8, type);
        }

        return request;
    }

    /// <summary>An id that nobody has.</summary>
    public static string NobodysId(string name, string format) => format switch
    {
        "int64" or "int32" => "987654321",
        "uuid" => "00000000-0000-7000-8000-000000000000",
        _ => "NOBODYS-" + name,
    };

    private static ApiOperation Read(string path, string method, JsonNode operation)
    {
        var parameters = operation["parameters"]?.AsArray().Select(p => p!).ToList() ?? [];
        return new ApiOperation(
            new HttpMethod(method.ToUpperInvariant()), path, (string)operation["operationId"]!, (string?)operation["x-permission"],
            parameters.Where(p => (string?)p["in"] == "path").ToDictionary(p => (string)p["name"]!, p => (string?)p["schema"]?["format"] ?? ""),
            [.. parameters.Where(p => (string?)p["in"] == "query").Select(p => (string)p["name"]!)]);
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();
}
