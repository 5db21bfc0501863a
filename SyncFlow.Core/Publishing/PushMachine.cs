using System.Collections.Immutable;

namespace SyncFlow.Core.Publishing;

/// <summary>How far the sending of one stored push has come, as its worker knows it.</summary>
/// <param name="Push">As it was stored.</param>
/// <param name="KeepsKeys">Whether its channel is proven to apply a repeated key once (rule R8).</param>
/// <param name="Gone">How often the request went out, or may have.</param>
public sealed record Sending(Push Push, bool KeepsKeys, int Gone)
{
    /// <summary>One that was planned just now.</summary>
    public static Sending Planned(Push push, bool keepsKeys) => new(push, keepsKeys, 0);
}

/// <summary>What happened to a push.</summary>
public abstract record SendInput
{
    private SendInput()
    {
    }

    /// <summary>It is to go out.</summary>
    /// <param name="Held">Whether the lease is held, by its holder's own clock (<see cref="LeaseMachine.MayWork"/>).</param>
    public sealed record Due(bool Held) : SendInput;

    /// <summary>Its deadline was moved, or not (<see cref="Deadlines.Extend"/>).</summary>
    /// <param name="Carried">Whether any level still waits for it.</param>
    /// <param name="Held">As in <see cref="Due"/>.</param>
    public sealed record Extended(bool Carried, bool Held) : SendInput;

    /// <summary>The channel answered.</summary>
    public sealed record Answered(ImmutableArray<ElementAnswer> Answers) : SendInput;

    /// <summary>No answer came: it may be done, or be done later.</summary>
    public sealed record Lost(string? Code) : SendInput;

    /// <summary>This call surely did nothing.</summary>
    /// <param name="Wrong">The request itself is wrong, and stays wrong.</param>
    /// <param name="MayRepeat">Whether the channel may be called again; false where it refused our credential.</param>
    public sealed record NotDone(string? Code, bool Wrong, bool MayRepeat) : SendInput;
}

/// <summary>What to do with a push.</summary>
public abstract record SendEffect
{
    private SendEffect()
    {
    }

    /// <summary>Send it at once; then what came of it.</summary>
    public sealed record Send : SendEffect;

    /// <summary>Move its deadline, in a transaction under the lease; then <see cref="SendInput.Extended"/>.</summary>
    public sealed record Extend : SendEffect;

    /// <summary>Wait; then <see cref="SendInput.Due"/>.</summary>
    public sealed record Wait(TimeSpan For) : SendEffect;

    /// <summary>Store these answers, in a transaction under the lease. It is over.</summary>
    public sealed record Settle(ImmutableArray<ElementAnswer> Answers) : SendEffect;

    /// <summary>Nothing: who holds the lease next finds it as it stands.</summary>
    public sealed record Leave : SendEffect;
}

/// <summary>
/// One stored push until it is settled or left to the next holder (rule R8). A request goes out only while the lease is
/// held by its holder's own clock: who came back too late would send what is counted as possible only until its deadline.
/// A lost answer is asked for again only where the channel is proven to apply a key once, and only after the deadline has
/// moved; else it stays in flight, and a reading after the deadline settles it.
/// </summary>
public static class PushMachine
{
    /// <summary>Waits before a lost answer is asked for again; then it stays lost.</summary>
    public static ImmutableArray<TimeSpan> AskAgainAfter { get; } =
        [TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)];

    /// <summary>One step.</summary>
    public static (Sending Sending, SendEffect Effect) Step(Sending sending, SendInput input)
    {
        ArgumentNullException.ThrowIfNull(sending);
        return input switch
        {
            SendInput.Due { Held: false } or SendInput.Extended { Held: false } => (sending, new SendEffect.Leave()),
            SendInput.Due => sending.Gone == 0 ? Send(sending) : (sending, new SendEffect.Extend()),
            SendInput.Extended extended => extended.Carried ? Send(sending) : (sending, All(sending, ElementOutcome.Unknown, null)),
            SendInput.Answered answered => (sending, new SendEffect.Settle(answered.Answers)),
            SendInput.Lost lost => (sending, Lost(sending, lost.Code, mayRepeat: true)),
            SendInput.NotDone not => (sending, NotDone(sending, not)),
            _ => throw new ArgumentException($"No rule for {input?.GetType().Name ?? "null"}.", nameof(input)),
        };
    }

    /// <summary>
    /// What a holder does with a push that it finds without an answer: sent or not, nobody knows. Where keys are proven it
    /// is asked for again under its key, and carried out now if it never was; else it stays in flight until its deadline.
    /// </summary>
    /// <param name="found">As it was stored, by an earlier holder or by this one before its work began anew.</param>
    /// <param name="keepsKeys">Whether the channel is proven to apply a repeated key once.</param>
    /// <param name="mayBeWritten">Whether the channel may be written to now.</param>
    /// <param name="isLost">Whether it is known that its answer is lost.</param>
    public static (Sending Sending, SendEffect Effect) TakeOver(
        Push found, bool keepsKeys, bool mayBeWritten, bool isLost, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(found);
        var sending = new Sending(found, keepsKeys, Gone: 1);
        return (keepsKeys && mayBeWritten && now < found.Deadline, isLost) switch
        {
            (true, _) => (sending, new SendEffect.Extend()),
            (false, false) => (sending, All(sending, ElementOutcome.Unknown, null)),
            (false, true) => (sending, new SendEffect.Leave()),
        };
    }

    private static (Sending, SendEffect) Send(Sending sending) => (sending with { Gone = sending.Gone + 1 }, new SendEffect.Send());

    private static SendEffect Lost(Sending sending, string? code, bool mayRepeat) =>
        sending.KeepsKeys && mayRepeat && sending.Gone <= AskAgainAfter.Length
            ? new SendEffect.Wait(AskAgainAfter[sending.Gone - 1])
            : All(sending, ElementOutcome.Unknown, code);

    private static SendEffect NotDone(Sending sending, SendInput.NotDone not)
    {
        // That a repeated request did nothing says nothing of the one before it, which may have arrived or may yet.
        if (sending.Gone > 1)
        {
            return Lost(sending, not.Code, not.MayRepeat && !not.Wrong);
        }

        // A refused request is treated like one refused for an element nobody named: the element at fault is looked for.
        return All(sending, not.Wrong && sending.Push.Elements.Length == 1 ? ElementOutcome.Blocked : ElementOutcome.NotSent, not.Code);
    }

    private static SendEffect.Settle All(Sending sending, ElementOutcome outcome, string? code) =>
        new(ElementAnswer.All(sending.Push, outcome, code));
}
