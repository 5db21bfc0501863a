using Spectre.Console;

namespace SyncFlow.AppHost.Sandbox;

/// <summary>Shows a run while it goes on: a table that renews itself on a terminal, a line now and then elsewhere.</summary>
internal abstract class LiveView : IAsyncDisposable
{
    /// <summary>How often to look and to show.</summary>
    public abstract TimeSpan Every { get; }

    public static LiveView Create(TextWriter output)
    {
        return ReferenceEquals(output, Console.Out) && AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected
            ? new TableView()
            : new LineView(output);
    }

    public abstract void Show(Snapshot snapshot);

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class LineView(TextWriter output) : LiveView
    {
        public override TimeSpan Every => TimeSpan.FromSeconds(5);

        public override void Show(Snapshot snapshot) => output.WriteLine(RunFigures.Line(snapshot));
    }

    private sealed class TableView : LiveView
    {
        private readonly Table table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumn("").AddColumn("");

        private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly Task display;

        private LiveDisplayContext? context;

        public TableView()
        {
            display = AnsiConsole.Live(table).StartAsync(async live =>
            {
                context = live;
                await over.Task.ConfigureAwait(false);
            });
        }

        public override TimeSpan Every => TimeSpan.FromSeconds(1);

        public override void Show(Snapshot snapshot)
        {
            table.Rows.Clear();
            foreach (var (name, value) in RunFigures.Of(snapshot))
            {
                table.AddRow(Markup.Escape(name), Markup.Escape(value));
            }

            context?.Refresh();
        }

        public override async ValueTask DisposeAsync()
        {
            over.TrySetResult();
            await display.ConfigureAwait(false);
            await base.DisposeAsync().ConfigureAwait(false);
        }
    }
}
