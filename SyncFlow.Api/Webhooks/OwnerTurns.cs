namespace SyncFlow.Api.Webhooks;

/// <summary>
/// What waits to be stored, a queue for each owner. Owners take turns, and in a turn an owner gives as many as his weight
/// says: a quiet owner's event stands behind one turn of the others, not behind all that a storm has waiting. Every step
/// takes the same time however much waits. Not safe for threads; <see cref="GroupCommitInbox{TEvent}"/> locks.
/// </summary>
/// <param name="weight">Events that an owner gives in a turn, at least one; asked when his turns begin.</param>
internal sealed class OwnerTurns<TEvent>(Func<long, int>? weight)
{
    /// <summary>Accounts kept for owners to come, so that a lone owner's every event does not make one anew.</summary>
    private const int MostSpare = 64;

    private readonly Dictionary<long, Account> accounts = [];
    private readonly Stack<Account> spare = new();
    private Account? first;
    private Account? last;

    /// <summary>Events that wait; those on their way are not among them.</summary>
    public int Count { get; private set; }

    /// <summary>Events and bytes of an owner that wait or are on their way.</summary>
    public (int Events, long Bytes) Of(long owner) =>
        accounts.TryGetValue(owner, out var account) ? (account.Events, account.Bytes) : default;

    /// <summary>Adds an event at the end of its owner's queue.</summary>
    public void Add(Waiting waiting)
    {
        if (!accounts.TryGetValue(waiting.Owner, out var account))
        {
            account = spare.TryPop(out var used) ? used : new Account();
            account.Owner = waiting.Owner;
            accounts.Add(waiting.Owner, account);
        }

        account.Events++;
        account.Bytes += waiting.Bytes;
        Count++;
        if (account.Head is null)
        {
            account.Head = account.Tail = waiting;
            account.Weight = account.Left = Math.Max(1, weight?.Invoke(account.Owner) ?? 1);
            Queue(account);
        }
        else
        {
            account.Tail!.Next = waiting;
            account.Tail = waiting;
        }
    }

    /// <summary>Takes the event whose turn it is; it counts as its owner's until it is forgotten.</summary>
    public Waiting? Take()
    {
        if (first is not { } account)
        {
            return null;
        }

        var taken = account.Head!;
        account.Head = taken.Next;
        taken.Next = null;
        Count--;
        if (account.Head is null)
        {
            account.Tail = null;
            Leave(account);
        }
        else if (--account.Left == 0)
        {
            account.Left = account.Weight;
            Leave(account);
            Queue(account);
        }

        return taken;
    }

    /// <summary>A taken event is stored, or is not going to be.</summary>
    public void Forget(Waiting taken)
    {
        var account = accounts[taken.Owner];
        account.Bytes -= taken.Bytes;
        if (--account.Events == 0)
        {
            accounts.Remove(taken.Owner);
            if (spare.Count < MostSpare)
            {
                spare.Push(account);
            }
        }
    }

    private void Queue(Account account)
    {
        if (last is null)
        {
            first = account;
        }
        else
        {
            last.Next = account;
        }

        last = account;
    }

    /// <summary>The first goes from the turns.</summary>
    private void Leave(Account account)
    {
        first = account.Next;
        account.Next = null;
        if (first is null)
        {
            last = null;
        }
    }

    /// <summary>An event that waits; it completes when what became of it is known.</summary>
    /// <remarks>Callers go on on threads of their own, not on the writer's.</remarks>
    internal sealed class Waiting(TEvent stored, int bytes, long owner)
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public TEvent Event { get; } = stored;

        public int Bytes { get; } = bytes;

        public long Owner { get; } = owner;

        /// <summary>The same owner's next.</summary>
        public Waiting? Next { get; set; }
    }

    /// <summary>One owner: his queue, what counts as his, and his place among those who have something waiting.</summary>
    private sealed class Account
    {
        public long Owner;
        public int Events;
        public long Bytes;
        public int Weight;
        public int Left;
        public Waiting? Head;
        public Waiting? Tail;
        public Account? Next;
    }
}
