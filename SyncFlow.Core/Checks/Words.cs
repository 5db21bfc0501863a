namespace SyncFlow.Core.Checks;

/// <summary>Words of callers for enumerations: in any case, with or without dashes.</summary>
public static class Words
{
    /// <summary>Whether a text is the name of a value; numbers are not names.</summary>
    public static bool TryParse<T>(string? text, out T value)
        where T : struct, Enum
    {
        value = default;
        return text is { Length: > 0 } && char.IsAsciiLetter(text[0])
            && Enum.TryParse(text.Replace("-", "", StringComparison.Ordinal).Trim(), ignoreCase: true, out value) && Enum.IsDefined(value);
    }
}
