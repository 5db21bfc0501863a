using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SyncFlow.Core;
using SyncFlow.Core.Sources;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Sources.Pulling;

/// <summary>What a warehouse does for an order's item at a place, as it was last listed.</summary>
/// <param name="System">The connection that gave the order its id; 0 for the source's usual one.</param>
/// <param name="Open">Units in the task.</param>
/// <param name="Shipped">Units that left for it.</param>
/// <param name="Revision">How often it changed.</param>
public sealed record PickTask(long System, string Transaction, string Item, string Place, int Open, int Shipped, int Revision);

/// <summary>When tasks were listed.</summary>
/// <param name="AsOf">By the source's clock.</param>
/// <param name="Sequence">In its numbers, where it is ordered so.</param>
public readonly record struct ListedAt(DateTimeOffset AsOf, long? Sequence);

/// <summary>
/// Rows of <c>source_pick_tasks</c>. A list of open tasks does not tell which are done: what was listed and is no longer,
/// is open no longer.
/// </summary>
internal static class PickTasks
{
    /// <summary>Tasks as they were last listed, and when; null before the first time.</summary>
    public static async Task<(List<PickTask> Tasks, ListedAt? Last)> ReadAsync(StorageSession session, ConnectionId connection, CancellationToken ct)
    {
        var tasks = await session.QueryAsync(
            session.Of(
                """
                SELECT system_id, transaction_id, item, place, open_units, shipped_units, revision FROM source_pick_tasks
                WHERE tenant_id = $1 AND connection_id = $2
                """,
                Sql.P(connection.Value)),
            row => new PickTask(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt32(4), row.GetInt32(5), row.GetInt32(6)),
            ct).ConfigureAwait(false);
        var last = await session.QueryAsync(
            session.Of("SELECT tasks_as_of, tasks_sequence FROM source_pulls WHERE tenant_id = $1 AND connection_id = $2 AND tasks_as_of IS NOT NULL", Sql.P(connection.Value)),
            row => new ListedAt(row.Moment(0), row.Nullable<long>(1)), ct).ConfigureAwait(false);
        return (tasks, last.Count == 0 ? null : last[0]);
    }

    /// <summary>
    /// What changed: tasks that are new or other than before, and those that are gone. A task that is gone is told as of the
    /// moment at which it was last seen: when it was done, and how much of it was shipped, the source's own movements tell,
    /// and they are newer.
    /// </summary>
    public static List<(PickTask Now, SourceEvent Event)> Changes(IReadOnlyList<PickTask> before, IReadOnlyList<SourceEvent> listed, ListedAt last)
    {
        var known = before.ToDictionary(KeyOf);
        var changes = new List<(PickTask, SourceEvent)>();
        foreach (var one in listed)
        {
            var now = new PickTask(one.System ?? 0, one.Transaction!, one.Item, one.Place, one.Open, one.Shipped, 1);
            if (!known.Remove(KeyOf(now), out var was))
            {
                changes.Add((now, one with { Id = IdOf(now) }));
            }
            else if ((was.Open, was.Shipped) != (now.Open, now.Shipped))
            {
                now = now with { Revision = was.Revision + 1 };
                changes.Add((now, one with { Id = IdOf(now) }));
            }
        }

        foreach (var left in known.Values.Where(t => t.Open > 0))
        {
            var now = left with { Open = 0, Revision = left.Revision + 1 };
            changes.Add((now, Gone(now, last)));
        }

        return changes;
    }

    /// <summary>Keeps tasks as they are now. Those that are gone stay: their revisions count on should they come again.</summary>
    public static Task<int> KeepAsync(
        StorageSession session, ConnectionId connection, IReadOnlyList<PickTask> tasks, ListedAt moment, CancellationToken ct) => session.ExecuteAsync(
        session.Of(
            """
            WITH noted AS (UPDATE source_pulls SET tasks_as_of = $10, tasks_sequence = $11 WHERE tenant_id = $1 AND connection_id = $2)
            INSERT INTO source_pick_tasks (tenant_id, connection_id, system_id, transaction_id, item, place, open_units, shipped_units, revision)
            SELECT $1, $2, t.* FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::int[], $8::int[], $9::int[]) AS t
            ON CONFLICT (tenant_id, connection_id, system_id, transaction_id, item, place) DO UPDATE SET
              open_units = excluded.open_units, shipped_units = excluded.shipped_units, revision = excluded.revision
            """,
            Sql.P(connection.Value), Sql.Column(tasks, t => t.System), Sql.Column(tasks, t => t.Transaction), Sql.Column(tasks, t => t.Item),
            Sql.Column(tasks, t => t.Place), Sql.Column(tasks, t => t.Open), Sql.Column(tasks, t => t.Shipped), Sql.Column(tasks, t => t.Revision),
            Sql.P(DatabaseTime.Of(moment.AsOf)), Sql.P(moment.Sequence)),
        ct);

    private static SourceEvent Gone(PickTask task, ListedAt last) => new(IdOf(task), SourceEventType.Picks, task.Item, task.Place, last.AsOf, last.Sequence)
    {
        Shipped = task.Shipped,
        Transaction = task.Transaction,
        System = task.System == 0 ? null : task.System,
    };

    private static (long, string, string, string) KeyOf(PickTask task) => (task.System, task.Transaction, task.Item, task.Place);

    private static string IdOf(PickTask task)
    {
        var key = SHA256.HashData(Encoding.UTF8.GetBytes($"{task.System}\n{task.Transaction}\n{task.Item}\n{task.Place}"));
        return string.Create(CultureInfo.InvariantCulture, $"picks:{Convert.ToHexString(key.AsSpan(0, 16))}:{task.Revision}");
    }
}
