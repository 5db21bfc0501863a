namespace SyncFlow.Simulator.BackOffice;

/// <summary>A movement, a sale or what a warehouse did, as a system wrote it down.</summary>
/// <param name="Number">Its place in the system's books.</param>
/// <param name="At">By the system's own clock.</param>
/// <param name="Units">Of a movement the difference, of a sale the units sold.</param>
/// <param name="Open">Of picks: units in tasks.</param>
/// <param name="Shipped">Of picks: units that left.</param>
/// <param name="Reference">The order or receipt it belongs to.</param>
/// <param name="System">The connection in SyncFlow that gave the reference its id.</param>
internal sealed record OfficeRow(
    long Number, string Id, string Type, string Sku, string Location, DateTimeOffset At, int? Units, int? Open, int? Shipped, string? Reference, long? System);

/// <summary>A pick task that is open.</summary>
internal sealed record OfficeTask(string Reference, long System, string Sku, string Location, int Open);

/// <summary>
/// One system of the retailer: its books, its numbers, its clock (which is wrong), and whether it can be reached. It may be
/// put back to an earlier state, as a database is after a crash, and loses the tail of its books then.
/// </summary>
/// <param name="name">What it is called.</param>
/// <param name="countsUp">Whether it numbers its rows; else its clock puts them in order.</param>
/// <param name="skew">How far its clock is off.</param>
/// <param name="clock">The true time.</param>
internal sealed class OfficeSystem(string name, bool countsUp, TimeSpan skew, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly List<OfficeRow> _rows = [];
    private readonly Dictionary<(string Sku, string Location), int> _stock = [];
    private readonly Dictionary<(string Reference, string Sku, string Location), OfficeTask> _tasks = [];
    private DateTimeOffset _downUntil;
    private DateTimeOffset _last;
    private int _restores;

    public string Name { get; } = name;

    /// <summary>Whether its rows are numbered for others.</summary>
    public bool CountsUp { get; } = countsUp;

    public bool IsDown => clock.GetUtcNow() < _downUntil;

    /// <summary>Rows it has.</summary>
    public int Rows
    {
        get
        {
            lock (_gate)
            {
                return _rows.Count;
            }
        }
    }

    /// <summary>Units that it says are there.</summary>
    public IReadOnlyList<(string Sku, string Location, int Units)> Stock
    {
        get
        {
            lock (_gate)
            {
                return [.. _stock.Select(s => (s.Key.Sku, s.Key.Location, s.Value)).OrderBy(s => s.Location, StringComparer.Ordinal).ThenBy(s => s.Sku, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Tasks that are open.</summary>
    public IReadOnlyList<OfficeTask> Tasks
    {
        get
        {
            lock (_gate)
            {
                return [.. _tasks.Values];
            }
        }
    }

    /// <summary>Opens its books with units.</summary>
    public void Open(string sku, string location, int units)
    {
        lock (_gate)
        {
            _stock[(sku, location)] = units;
        }
    }

    public int UnitsOf(string sku, string location)
    {
        lock (_gate)
        {
            return _stock.GetValueOrDefault((sku, location));
        }
    }

    /// <summary>Writes a movement down: its books change with it.</summary>
    public void Move(string sku, string location, int units, string? reference, long? system)
    {
        lock (_gate)
        {
            _stock[(sku, location)] = _stock.GetValueOrDefault((sku, location)) + units;
            Write("movement", sku, location, units, null, null, reference, system);
        }
    }

    /// <summary>Writes a sale down.</summary>
    public OfficeRow Sell(string sku, string location, int units)
    {
        lock (_gate)
        {
            _stock[(sku, location)] = _stock.GetValueOrDefault((sku, location)) - units;
            return Write("sale", sku, location, units, null, null, null, null);
        }
    }

    /// <summary>Sets units aside to be picked.</summary>
    public void Pick(OfficeTask task)
    {
        lock (_gate)
        {
            _tasks[(task.Reference, task.Sku, task.Location)] = task;
        }
    }

    /// <summary>Ends an order's tasks, and writes down what left.</summary>
    public void Ship(string reference, long system, IEnumerable<(string Sku, string Location, int Units)> shipped)
    {
        lock (_gate)
        {
            foreach (var key in _tasks.Keys.Where(k => k.Reference == reference).ToList())
            {
                _tasks.Remove(key);
            }

            foreach (var (sku, location, units) in shipped)
            {
                Write("picks", sku, location, null, 0, units, reference, system);
            }
        }
    }

    /// <summary>It cannot be reached for a while; what happens meanwhile it knows afterwards.</summary>
    public void Fail(TimeSpan length) => _downUntil = clock.GetUtcNow() + length;

    /// <summary>Puts it back to an earlier state; returns what it lost, the oldest first.</summary>
    public IReadOnlyList<OfficeRow> Restore(int lost)
    {
        lock (_gate)
        {
            var tail = _rows.TakeLast(lost).ToList();
            _rows.RemoveRange(_rows.Count - tail.Count, tail.Count);
            foreach (var row in tail.Where(r => r.Units is not null))
            {
                _stock[(row.Sku, row.Location)] -= row.Units!.Value;
            }

            _restores++;
            return tail;
        }
    }

    /// <summary>Rows after a watermark of its own and after a cursor; and whether there are more.</summary>
    public (IReadOnlyList<OfficeRow> Rows, bool More, OfficeMark Mark) After(long? number, DateTimeOffset? time, long cursor, int limit)
    {
        lock (_gate)
        {
            var from = Math.Max(cursor, number ?? 0);
            var rows = _rows.Where(r => r.Number > from && (time is null || r.At > time)).Take(limit + 1).ToList();
            return ([.. rows.Take(limit)], rows.Count > limit, Mark());
        }
    }

    /// <summary>All it has, of one moment.</summary>
    public (IReadOnlyList<(string Sku, string Location, int Units)> Stock, IReadOnlyList<OfficeTask> Tasks, OfficeMark Mark) All()
    {
        lock (_gate)
        {
            return (Stock, Tasks, Mark());
        }
    }

    private OfficeMark Mark() => new(_rows.Count == 0 ? 0 : _rows[^1].Number, Now());

    private OfficeRow Write(string type, string sku, string location, int? units, int? open, int? shipped, string? reference, long? system)
    {
        var number = (_rows.Count == 0 ? 0 : _rows[^1].Number) + 1;
        var row = new OfficeRow(number, $"{Name}-{_restores}-{number}", type, sku, location, Now(), units, open, shipped, reference, system);
        _rows.Add(row);
        return row;
    }

    /// <summary>Its own clock, which never tells the same moment twice.</summary>
    private DateTimeOffset Now()
    {
        var now = clock.GetUtcNow() + skew;
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        return _last = now > _last ? now : _last.AddMicroseconds(1);
    }
}

/// <summary>How far a system has got.</summary>
internal readonly record struct OfficeMark(long Number, DateTimeOffset Time);
