using SyncFlow.Core.Oversells;

namespace SyncFlow.Api.Oversells;

/// <summary>An amount of money as a caller names it.</summary>
/// <param name="Currency">Three capital letters, as in ISO 4217.</param>
internal sealed record MoneyInput(decimal? Amount, string? Currency)
{
    private const decimal Most = 999_999_999;

    /// <summary>What it says, once it has been checked.</summary>
    public Money Money => new(Amount!.Value, Currency!);

    /// <summary>The same of what is known already.</summary>
    public static MoneyInput? Of(Money? money) => money is { } m ? new MoneyInput(m.Amount, m.Currency) : null;

    /// <summary>Checks one that may be left out.</summary>
    public static void Check(MoneyInput? input, string field, Check check) => check
        .That(input is null || input.Amount is >= 0 and <= Most, field + ".amount", $"A number from 0 to {Most}.")
        .That(
            input is null || (input.Currency is { Length: 3 } text && text.All(char.IsAsciiLetterUpper)), field + ".currency",
            "Three capital letters, for example EUR.");
}
