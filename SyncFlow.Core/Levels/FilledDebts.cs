using SyncFlow.Core.Engine;
using SyncFlow.Core.Stock;

namespace SyncFlow.Core.Levels;

/// <summary>
/// Where nobody counted in, an order may take a level below zero, and the counted places owe its units (see <see cref="Debts"/>).
/// Units that appear on such a level and that the ledger does not explain may come from one of those places: they fill the level,
/// and pay nothing.
/// </summary>
internal static class FilledDebts
{
    /// <summary>A level after something that may have lifted it.</summary>
    /// <param name="before">As it was.</param>
    /// <param name="after">As it is otherwise.</param>
    /// <param name="booked">Of what lifted it, sales that the ledger has, or that another place where nobody counted has less.</param>
    public static LevelState After(WorkingSet set, LevelState before, LevelState after, int booked)
    {
        if (before.Explained is not { } explained || explained >= before.Filled)
        {
            return after;
        }

        var filled = Math.Clamp(after.Explained!.Value - explained - booked, 0, before.Filled - explained);
        return filled == 0 || IsCounted(set, before) ? after : after with { Filled = before.Filled + filled };
    }

    /// <summary>Whether the ledger knows what lies at a level's place; of a kit, of all its parts.</summary>
    public static bool IsCounted(WorkingSet set, LevelState level)
    {
        foreach (var part in Draws.ComponentsOf(set, set.FindSku(level.Id)!.Sku, level.UnitsPerSale))
        {
            if (!set.FindSku(part.Sku)!.PoolAt(level.Location).Opened)
            {
                return false;
            }
        }

        return true;
    }
}
