namespace SyncFlow.Simulator.GraphQl;

/// <summary>An entry of a response's top-level <c>errors</c>.</summary>
internal sealed record GraphQlError(
    string Message, Position? At = null, IReadOnlyList<object>? Path = null,
    IReadOnlyDictionary<string, object?>? Extensions = null);

/// <summary>A request, or one field of it, that cannot be answered.</summary>
internal sealed class GraphQlException(GraphQlError error) : Exception(error.Message)
{
    internal GraphQlError Error { get; } = error;

    internal static GraphQlException Syntax(string message, int line, int column) =>
        new(new GraphQlError(message, new Position(line, column)));

    /// <summary>An error with a code, as Shopify puts it into extensions.</summary>
    internal static GraphQlException Coded(string code, string message, params (string Key, object? Value)[] more) =>
        new(new GraphQlError(message, Extensions: Extensions(code, more)));

    internal static Dictionary<string, object?> Extensions(string code, params (string Key, object? Value)[] more)
    {
        var extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = code };
        foreach (var (key, value) in more)
        {
            extensions[key] = value;
        }

        return extensions;
    }
}
