namespace SyncFlow.Core.Checks;

/// <summary>Gathers what is wrong with an input, field by field, so that its sender learns all of it at once.</summary>
public sealed class Check
{
    /// <summary>What is wrong with a text that holds one.</summary>
    public const string Nul = "It holds a NUL character, which no text has.";

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
        return That(!string.IsNullOrWhiteSpace(value) || Names(field), field, "A text is needed.")
            .That(value is null || value.Length <= longest, field, $"At most {longest} characters.").Storable(value, field);
    }

    /// <summary>A text that may be left out, and is short enough where it is there.</summary>
    public Check Optional(string? value, string field, int longest)
    {
        return That(value is null || (value.Trim().Length > 0 && value.Length <= longest), field, $"1 to {longest} characters, or left out.")
            .Storable(value, field);
    }

    /// <summary>A text that can be kept: one with a NUL is none to the database.</summary>
    public Check Storable(string? value, string field) =>
        That(value is null || !value.Contains('\0', StringComparison.Ordinal), field, Nul);

    /// <summary>Whether something is wrong with a field already.</summary>
    public bool Names(string field) => messages.ContainsKey(field);

    /// <summary>Whether nothing is wrong so far.</summary>
    public bool Holds => messages.Count == 0;

    /// <summary>What is wrong, by field.</summary>
    public IReadOnlyDictionary<string, string[]> Fields => messages.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray());
}
