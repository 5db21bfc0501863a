using System.Collections.Immutable;
using System.Globalization;
using SyncFlow.Core.Operations;

namespace SyncFlow.Core.Transfers;

/// <summary>
/// The life of a transfer: planned → dispatched → received in parts → closed, or cancelled before it leaves. Planning
/// claims nothing. A dispatch tells that goods have left and is always booked. Units on the way are nobody's to sell, so
/// the sum of sellable units never rises above what it was at the start.
/// </summary>
public static class TransferRules
{
    /// <summary>Goods leave.</summary>
    /// <param name="units">What left, each SKU once, planned or not; null for all that was planned.</param>
    public static TransferOutcome Dispatch(Transfer transfer, IReadOnlyList<TransferUnits>? units)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        if (transfer.State != TransferState.Planned)
        {
            return TransferOutcome.Refused(TransferRefusal.NotPlanned);
        }

        var left = units ?? [.. transfer.Lines.Select(line => new TransferUnits(line.Sku, line.Planned))];
        return Book(transfer, left, TransferState.Dispatched, (line, part) => (
            line with { Dispatched = part.Units },
            new TransferBooking(
                line.Sku, OperationKind.TransferDispatch, part.Units, null, "out",
                OperationLegs.Dispatch(transfer.From, transfer.To, part.Units))));
    }

    /// <summary>Goods arrive; as often as they come in parts.</summary>
    /// <param name="units">What arrived, each SKU once; more than is on the way is booked at both ends.</param>
    public static TransferOutcome Receive(Transfer transfer, IReadOnlyList<TransferUnits> units)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        ArgumentNullException.ThrowIfNull(units);
        if (transfer.State is not (TransferState.Dispatched or TransferState.Receiving))
        {
            return TransferOutcome.Refused(TransferRefusal.NotUnderWay);
        }

        // What arrived before names this part: it only grows, so the name is used once.
        return Book(transfer, units, TransferState.Receiving, (line, part) => (
            line with { Received = line.Received + part.Units },
            new TransferBooking(
                line.Sku, OperationKind.TransferReceipt, part.Units, part.To,
                string.Create(CultureInfo.InvariantCulture, $"in:{line.Received}"),
                OperationLegs.Arrive(transfer.From, transfer.To, line.OnTheWay, part.Units, part.To))));
    }

    /// <summary>Nothing more will arrive: what is still on the way is lost.</summary>
    public static TransferOutcome Close(Transfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        if (transfer.State is not (TransferState.Dispatched or TransferState.Receiving))
        {
            return TransferOutcome.Refused(TransferRefusal.NotUnderWay);
        }

        var lost = transfer.Lines.Where(line => line.OnTheWay > 0).ToList();
        var after = transfer with
        {
            State = TransferState.Closed,
            Lines = [.. transfer.Lines.Select(line => line with { Lost = line.Lost + line.OnTheWay })],
        };
        return new TransferOutcome(
            after,
            [
                .. lost.Select(line => new TransferBooking(
                    line.Sku, OperationKind.TransferLoss, line.OnTheWay, null, "lost", OperationLegs.Lose(transfer.To, line.OnTheWay))),
            ],
            null);
    }

    /// <summary>It will not leave.</summary>
    public static TransferOutcome Cancel(Transfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        return transfer.State == TransferState.Planned
            ? new TransferOutcome(transfer with { State = TransferState.Cancelled }, [], null)
            : TransferOutcome.Refused(TransferRefusal.NotPlanned);
    }

    private static TransferOutcome Book(
        Transfer transfer, IReadOnlyList<TransferUnits> units, TransferState state,
        Func<TransferLine, TransferUnits, (TransferLine, TransferBooking)> step)
    {
        var parts = units.Where(part => part.Units > 0).ToList();
        if (parts.Count == 0)
        {
            return TransferOutcome.Refused(TransferRefusal.NothingMoves);
        }

        var lines = transfer.Lines.ToDictionary(line => line.Sku);
        var bookings = ImmutableArray.CreateBuilder<TransferBooking>(parts.Count);
        foreach (var part in parts)
        {
            var before = lines.GetValueOrDefault(part.Sku, new TransferLine(part.Sku, 0, 0, 0, 0));
            if ((long)before.Received + part.Units > int.MaxValue)
            {
                return TransferOutcome.Refused(TransferRefusal.TooMany);
            }

            (lines[part.Sku], var booking) = step(before, part);
            bookings.Add(booking);
        }

        return new TransferOutcome(
            transfer with { State = state, Lines = [.. lines.Values.OrderBy(line => line.Sku.Value)] }, bookings.ToImmutable(), null);
    }
}
