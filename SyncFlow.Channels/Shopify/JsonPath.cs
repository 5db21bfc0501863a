using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace SyncFlow.Channels.Shopify;

/// <summary>How deep in a body a reader is. It becomes a text only where something is wrong.</summary>
internal struct JsonPath
{
    private Steps _steps;

    internal int Depth { get; private set; }

    /// <summary>Into an object, or before a list's first item.</summary>
    internal void Enter(string name) => _steps[Depth++] = (name, -1);

    /// <summary>On to the next item of the list.</summary>
    internal void Next() => _steps[Depth - 1].Index++;

    internal void Leave(int depth) => Depth = depth;

    /// <summary>The path of a member of the object that the reader is in.</summary>
    internal readonly string To(string member)
    {
        var text = new StringBuilder();
        for (var i = 0; i < Depth; i++)
        {
            Append(text, i).Append('.');
        }

        return text.Append(member).ToString();
    }

    /// <summary>The path of what the reader is in.</summary>
    internal readonly string Whole()
    {
        var (name, index) = _steps[Depth - 1];
        var outer = this;
        outer.Depth--;
        return outer.To(string.Create(CultureInfo.InvariantCulture, $"{name}[{index}]"));
    }

    private readonly StringBuilder Append(StringBuilder text, int step)
    {
        var (name, index) = _steps[step];
        text.Append(name);
        return index < 0 ? text : text.Append(CultureInfo.InvariantCulture, $"[{index}]");
    }

    /// <summary>As deep as any of our readers goes: an order's fulfilment orders, their nodes, lines, nodes, order lines.</summary>
    [InlineArray(6)]
    private struct Steps
    {
        private (string Name, int Index) _first;
    }
}
