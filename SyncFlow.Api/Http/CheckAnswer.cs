using System.Diagnostics.CodeAnalysis;

namespace SyncFlow.Api.Http;

/// <summary>The answer to a request in which something is wrong.</summary>
internal static class CheckAnswer
{
    /// <summary>Whether anything is wrong, and then the answer.</summary>
    public static bool Failed(this Check check, [NotNullWhen(true)] out Refused? refused)
    {
        refused = check.Holds ? null : (Refused)Of(check.Fields);
        return refused is not null;
    }

    /// <summary>The problem that names every field, and the first in words.</summary>
    public static Problem Of(IReadOnlyDictionary<string, string[]> fields)
    {
        var (field, texts) = fields.First();
        return new Problem(ProblemKind.Validation, $"{field}: {texts[0]}") { Fields = fields };
    }
}
