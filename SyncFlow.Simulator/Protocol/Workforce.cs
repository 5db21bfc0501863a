namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// The workers of a world: two that compete for the connections of all its tenants by their leases. Draws of its own, so that a
/// world whose workers have no trouble is the one it would be with any other number of them.
/// </summary>
/// <param name="settings">The first tenant's: the workers have the trouble that is drawn for it.</param>
internal sealed class Workforce(Agenda agenda, WorldSettings settings, Tally tally)
{
    private const int Workers = 2;

    /// <summary>Longest that a worker stands still with its clock: what it sends then is late, and it cannot know.</summary>
    public static readonly TimeSpan LongestWithClock = TimeSpan.FromSeconds(20);

    private readonly List<ChannelDesk> _desks = [];
    private readonly Random _random = new(unchecked((settings.Seed * 41) + 90));
    private readonly LeasedWorker?[] _workers = new LeasedWorker?[Workers];
    private List<Tenure> _tenures = [];
    private List<Tenure>? _opening;
    private WorldFaults _faults = settings.Faults;
    private int _starts;
    private int _calm;

    /// <summary>The connections of all tenants, each at the place that its lease has.</summary>
    public IReadOnlyList<ChannelDesk> Desks => _desks;

    public LeaseTable Leases { get; } = new(agenda, settings);

    public Agenda Agenda => agenda;

    /// <summary>What all workers do wrong on purpose.</summary>
    public Mistake Mistake => settings.Mistake;

    /// <summary>Whether nothing can happen to any lease any more, so that nobody asks for one.</summary>
    public bool IsStill { get; private set; }

    /// <summary>A connection is served too; its place is the next.</summary>
    public void Serve(ChannelDesk desk) => _desks.Add(desk);

    /// <summary>All workers start, and share the connections.</summary>
    public void Open()
    {
        _opening = [];
        for (var number = 0; number < Workers; number++)
        {
            Hire(number);
        }

        Array.ForEach(_workers, w => w!.Beat());

        var opened = _opening.OrderBy(t => t.Desk.Index).ToList();
        _opening = null;
        opened.ForEach(t => t.Publish());
        opened.ForEach(t => t.Verify());
    }

    /// <summary>A worker has a lease and begins.</summary>
    public void Begin(Tenure tenure)
    {
        _tenures.Add(tenure);
        Changed();
        if (_opening is not null)
        {
            _opening.Add(tenure);
            return;
        }

        tally.Add("leases taken over");
        tenure.Desk.Agenda.Do(() =>
        {
            tenure.Publish();
            tenure.Verify();
        });
    }

    /// <summary>The work of some has begun or ended.</summary>
    public void Changed() => _tenures = [.. _tenures.Where(t => !t.IsOver).OrderBy(t => t.Desk.Index).ThenBy(t => t.Epoch)];

    /// <summary>Something was committed, at one tenant: the others are not told.</summary>
    public void Told(int tenant)
    {
        foreach (var tenure in _tenures)
        {
            if (tenure.Desk.Settings.Tenant == tenant)
            {
                tenure.Told();
            }
        }
    }

    /// <summary>Something changed that may have to be read, at one tenant: the others are not told.</summary>
    public void Wake(int tenant)
    {
        foreach (var tenure in _tenures)
        {
            if (tenure.Desk.Settings.Tenant == tenant)
            {
                tenure.Wake();
            }
        }
    }

    /// <summary>The worker of a connection dies, with all that it did for others; another start takes its place after a while.</summary>
    public void Kill(int desk, TimeSpan gone)
    {
        var number = Array.FindIndex(_workers, w => w?.WorksOn(desk) == true);
        if (number >= 0)
        {
            tally.Add("workers killed");
            tally.Add("workers killed that served several tenants", _workers[number]!.ServesSeveral ? 1 : 0);
            _workers[number]!.Kill();
            _workers[number] = null;
            agenda.In(gone, () =>
            {
                Hire(number);
                _workers[number]!.Beat();
            });
        }
    }

    /// <summary>
    /// One more tenant is calm. After the last no worker has any more trouble; and once every connection has one, no lease ends any more.
    /// </summary>
    public void Calm()
    {
        if (++_calm == _desks.Select(d => d.Settings.Tenant).Distinct().Count())
        {
            _faults = new WorldFaults();
            Settle();
        }
    }

    /// <summary>Whether a worker stands still now: how long, and whether its clock does too; null where it goes on.</summary>
    public (TimeSpan For, bool WithItsClock)? StandStill(LeasedWorker worker)
    {
        if (_faults.StandsStill == 0 || _random.NextDouble() >= _faults.StandsStill)
        {
            return null;
        }

        tally.Add("workers that stand still at any step");
        tally.Add("workers that stand still and serve several tenants", worker.ServesSeveral ? 1 : 0);
        if (_random.NextDouble() < settings.LongPauses)
        {
            return (TimeSpan.FromMinutes(settings.LongestPause * _random.NextDouble()), false);
        }

        var wait = LongestWithClock * _random.NextDouble();
        var withItsClock = _random.NextDouble() < 0.5;
        tally.Add("workers whose clock stands still with them", withItsClock ? 1 : 0);
        return (wait, withItsClock);
    }

    /// <summary>Whether a beat is answered.</summary>
    public bool IsAnswered()
    {
        if (_faults.BeatLost == 0 || _random.NextDouble() >= _faults.BeatLost)
        {
            return true;
        }

        tally.Add("beats of workers without an answer");
        return false;
    }

    private void Hire(int number)
    {
        var off = TimeSpan.FromMinutes(_random.NextDouble() - 0.5);
        var rate = 1 + (((_random.NextDouble() * 2) - 1) * settings.Faults.WorkerClocks);
        tally.Add("workers whose clock runs fast or slow", settings.Faults.WorkerClocks > 0 ? 1 : 0);
        _workers[number] = new LeasedWorker($"{number}/{++_starts}", this, new WorkerClock(agenda, off, rate));
        _workers[number]!.Join();
    }

    private void Settle()
    {
        if (Array.TrueForAll(_workers, w => w is { StandsFor: null }) && _tenures.Count == _desks.Count
            && _tenures.TrueForAll(t => Leases.Permits(t.Desk.Index, t.Epoch) && t.Worker.Holds(t)))
        {
            IsStill = true;
            Leases.StandStill();
            Array.ForEach(_workers, w => w!.HoldForGood());
        }
        else
        {
            agenda.In(TimeSpan.FromSeconds(10), Settle);
        }
    }
}
