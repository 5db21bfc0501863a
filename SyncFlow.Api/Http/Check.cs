using System.Diagnostics.CodeAnalysis;

namespace SyncFlow.Api.Http;

/// <summary>Gathers what is wrong with a request, field by field, so that the caller learns all of it at once.</summary>
internal sealed class Check
{
    private readonly Dictionary<string, List<string>> messages = [];

    /// <summary>Notes a message for a field unless a condition holds.</summary>
    public Check That(bool holds, string field, string message)
    {
        if (!holds)
        {
            if (!messages.TryGetValue(field, out var list))
            {
                messages[field] = list = [];
            }

            list.Add(message);
        }

        return this;
    }

    /// <summary>A text that must be there and short enough.</summary>
    public Check Text(string? value, string field, int longest)
    {
        return That(!string.IsNullOrWhiteSpace(value), field, "A text is needed.")
            .That(value is null || value.Length <= longest, field, $"At most {longest} characters.");
    }

    /// <summary>Whether anything is wrong, and then the answer.</summary>
    public bool Failed([NotNullWhen(true)] out Refused? refused)
    {
        if (messages.Count == 0)
        {
            refused = null;
            return false;
        }

        var (field, texts) = messages.First();
        refused = new Problem(ProblemKind.Validation, $"{field}: {texts[0]}")
        {
            Fields = messages.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray()),
        };
        return true;
    }
}
