using System.Text.Json;
using System.Threading.Channels;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Journaling;

/// <summary>One line of journal or snapshot: what kind of record, of which shop, and its whole state.</summary>
internal sealed record JournalLine(string Kind, string? Shop, JsonElement Value);

/// <summary>
/// Append-only JSON lines. Each record is the whole state of one thing after a change, so replaying a line twice does
/// no harm. Lines queue and are written in groups; a caller waits until its line is with the operating system, which
/// outlives a killed process.
/// </summary>
internal sealed class Journal : IAsyncDisposable
{
    private readonly Channel<(byte[] Line, long Position)> _queue =
        Channel.CreateUnbounded<(byte[], long)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, TaskCompletionSource> _waiting = [];
    private readonly Task _writer;
    private FileStream _file;
    private FileStream? _next;
    private long _position;
    private long _flushed;
    private Exception? _failure;

    internal Journal(string path)
    {
        _file = Open(path);
        _writer = Task.Run(WriteAsync);
    }

    /// <summary>Bytes written to the present file.</summary>
    internal long Length { get; private set; }

    internal void Write(Shop shop, ShopChanges changes)
    {
        foreach (var location in changes.Locations)
        {
            Append("location", shop, location);
        }

        foreach (var product in changes.Products)
        {
            Append("product", shop, product);
        }

        foreach (var level in changes.Levels)
        {
            Append("level", shop, level);
        }

        foreach (var group in changes.Groups)
        {
            Append("group", shop, group);
        }

        foreach (var order in changes.Orders)
        {
            Append("order", shop, order);
        }

        foreach (var id in changes.DeletedProducts)
        {
            Append("deletedProduct", shop, id);
        }
    }

    internal void Append<T>(string kind, Shop? shop, T value)
    {
        var line = JournalFormat.Line(kind, shop?.Domain, value);
        lock (_gate)
        {
            _queue.Writer.TryWrite((line, ++_position));
        }
    }

    /// <summary>Completes when everything appended so far is written.</summary>
    internal Task FlushAsync()
    {
        lock (_gate)
        {
            if (_failure is { } failure)
            {
                return Task.FromException(new IOException("the journal can no longer be written", failure));
            }

            if (_flushed >= _position)
            {
                return Task.CompletedTask;
            }

            if (!_waiting.TryGetValue(_position, out var waiter))
            {
                waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Add(_position, waiter);
            }

            return waiter.Task;
        }
    }

    /// <summary>Lines appended from now on go to another file; what is queued still goes to the old one.</summary>
    internal async Task SwitchToAsync(string path)
    {
        await FlushAsync();
        Volatile.Write(ref _next, Open(path));
        Append<object?>("switched", null, null);
        await FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.Complete();
        await _writer;
        await _file.DisposeAsync();
    }

    private static FileStream Open(string path) =>
        new(path, FileMode.Append, FileAccess.Write, FileShare.Read, 1 << 16, useAsync: true);

    private async Task WriteAsync()
    {
        try
        {
            while (await _queue.Reader.WaitToReadAsync())
            {
                if (Interlocked.Exchange(ref _next, null) is { } next)
                {
                    await _file.DisposeAsync();
                    (_file, Length) = (next, 0);
                }

                long last = 0;
                while (_queue.Reader.TryRead(out var entry))
                {
                    await _file.WriteAsync(entry.Line);
                    Length += entry.Line.Length;
                    last = entry.Position;
                }

                await _file.FlushAsync();
                Done(last, null);
            }
        }
        catch (IOException failure)
        {
            Done(long.MaxValue, failure);
        }
    }

    private void Done(long position, Exception? failure)
    {
        lock (_gate)
        {
            _flushed = position;
            _failure = failure;
            while (_waiting.Count > 0 && _waiting.First() is var (at, waiter) && at <= position)
            {
                _waiting.Remove(at);
                if (failure is null)
                {
                    waiter.SetResult();
                }
                else
                {
                    waiter.SetException(new IOException("the journal can no longer be written", failure));
                }
            }
        }
    }
}
