namespace SyncFlow.Api.Http;

/// <summary>A named value in an address, in any case: queries take the words that answers use. Numbers are no names.</summary>
internal readonly record struct Word<T>(T Value)
    where T : struct, Enum
{
    /// <summary>Reads a name; the host answers 400 and names the parameter where it is none.</summary>
    public static bool TryParse(string? text, IFormatProvider? provider, out Word<T> word)
    {
        _ = provider; // The host calls this shape; names are the same everywhere.
        var known = Enum.TryParse<T>(text, ignoreCase: true, out var value) && !char.IsAsciiDigit(text![0]) && text[0] is not '-' and not '+';
        word = new(value);
        return known && Enum.IsDefined(value);
    }
}
