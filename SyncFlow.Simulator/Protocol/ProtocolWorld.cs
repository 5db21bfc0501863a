namespace SyncFlow.Simulator.Protocol;

/// <summary>
/// What one seed makes: a tenant, in some worlds others beside it, each with channels, stock, buyers and faults of its own; all
/// on one virtual clock, and all connections served by the same two workers.
/// </summary>
internal sealed class ProtocolWorld
{
    /// <summary>All locations may ship for each other.</summary>
    public const int Group = 1;

    /// <summary>When every world begins.</summary>
    public static readonly DateTimeOffset Start = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);

    private readonly WorldSettings _settings;
    private readonly Agenda _agenda = new(Start);
    private readonly List<TenantWorld> _tenants;

    public ProtocolWorld(WorldSettings settings)
    {
        _settings = settings;
        var workforce = new Workforce(_agenda, settings, Tally);
        _tenants = [.. settings.Neighbours.Prepend(settings).Select(s => new TenantWorld(s, _agenda.Part(), workforce, Tally))];
        if (workforce.Desks.Count > 0)
        {
            workforce.Open();
        }

        _tenants.ForEach(t => t.Begin());
        Tally.Add("worlds of several tenants", _tenants.Count > 1 ? 1 : 0);
        Tally.Add("tenants beside the first", _tenants.Count - 1);
    }

    /// <summary>Whose worlds it is made of; the one that the seed is for first.</summary>
    public IReadOnlyList<TenantWorld> Tenants => _tenants;

    /// <summary>What happened here, and how often.</summary>
    public Tally Tally { get; } = new();

    /// <summary>The virtual moment.</summary>
    public DateTimeOffset Now => _agenda.Now;

    /// <summary>Lets the world run: the buyers' time with all faults, then without until everything is at rest.</summary>
    public WorldReport Run()
    {
        while (Step())
        {
        }

        return Report();
    }

    /// <summary>Lets one thing happen and looks what is wrong then, at every tenant; false once all is over.</summary>
    public bool Step()
    {
        if (IsOver() || !_agenda.Step())
        {
            return false;
        }

        _tenants.ForEach(static t => t.Look());
        return !IsOver();
    }

    /// <summary>What came of it, of all tenants together.</summary>
    public WorldReport Report()
    {
        var reports = _tenants.ConvertAll(t => t.Report());
        return new(
            _settings.Seed, Wrong(), reports.Sum(r => r.Orders), reports.Sum(r => r.Units), reports.Sum(r => r.RefusedUnits),
            reports.Sum(r => r.Oversold), reports.Sum(r => r.Unsold), reports.Sum(r => r.Writes), _agenda.Steps);
    }

    private string? Wrong() => _tenants.Find(t => t.Wrong is not null) is not { } broken ? null
        : _tenants.Count == 1 ? broken.Wrong
        : $"tenant {broken.Tenant} of {_tenants.Count} {broken.Wrong}";

    /// <summary>What is wrong with one ends it for all.</summary>
    private bool IsOver()
    {
        var over = true;
        foreach (var tenant in _tenants)
        {
            if (tenant.Wrong is not null)
            {
                return true;
            }

            over &= tenant.IsOver;
        }

        return over;
    }
}
