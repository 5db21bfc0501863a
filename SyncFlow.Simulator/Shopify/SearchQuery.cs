using System.Globalization;
using System.Text;

namespace SyncFlow.Simulator.Shopify;

/// <summary>
/// Shopify's search syntax, the part the sandbox serves: <c>field:value</c>, <c>field:&gt;=value</c>, quotes, AND (also by
/// a space), OR, NOT or a leading minus, parentheses. A field the resource cannot search by is ignored with a warning,
/// as Shopify does.
/// </summary>
internal sealed class SearchQuery
{
    private readonly string _text;
    private int _at;

    private SearchQuery(string text) => _text = text;

    /// <summary>A term: field (null for bare text), comparison (=, &gt;, &gt;=, &lt;, &lt;=) and value.</summary>
    internal sealed record Term(string? Field, string Comparison, string Value);

    /// <summary>Compiles a query; <paramref name="match"/> answers for one term, null meaning "not searchable by this".</summary>
    internal static Func<T, bool> Compile<T>(
        string? query, Func<Term, Func<T, bool>?> match, List<(string Field, string Message)> warnings)
    {
        if (string.IsNullOrWhiteSpace(query))
        {
            return static _ => true;
        }

        var reader = new SearchQuery(query);
        return reader.Or(match, warnings);
    }

    /// <summary>Compares a moment with a term's value; null when the value is no moment.</summary>
    internal static Func<DateTimeOffset, bool>? Moment(Term term)
    {
        if (!DateTimeOffset.TryParse(
                term.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var value))
        {
            return null;
        }

        return at =>
        {
            // Shopify's index holds whole seconds.
            var whole = new DateTimeOffset(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
            return Holds(term.Comparison, whole.CompareTo(value));
        };
    }

    /// <summary>Compares an id with a term's value; null when the value is no number or gid.</summary>
    internal static Func<long, bool>? Id(Term term)
    {
        var text = term.Value[(term.Value.LastIndexOf('/') + 1)..];
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? id => Holds(term.Comparison, id.CompareTo(value))
            : null;
    }

    /// <summary>Compares a text with a term's value, ignoring case; a trailing * matches a prefix.</summary>
    internal static Func<string, bool> Text(Term term) => term.Value.EndsWith('*')
        ? text => text.StartsWith(term.Value[..^1], StringComparison.OrdinalIgnoreCase)
        : text => string.Equals(text, term.Value, StringComparison.OrdinalIgnoreCase);

    private static bool Holds(string comparison, int order) => comparison switch
    {
        ">" => order > 0,
        ">=" => order >= 0,
        "<" => order < 0,
        "<=" => order <= 0,
        _ => order == 0,
    };

    private Func<T, bool> Or<T>(Func<Term, Func<T, bool>?> match, List<(string Field, string Message)> warnings)
    {
        var left = And(match, warnings);
        while (Word("OR"))
        {
            var (a, b) = (left, And(match, warnings));
            left = x => a(x) || b(x);
        }

        return left;
    }

    private Func<T, bool> And<T>(Func<Term, Func<T, bool>?> match, List<(string Field, string Message)> warnings)
    {
        var parts = new List<Func<T, bool>>();
        while (true)
        {
            Blank();
            if (_at >= _text.Length || _text[_at] == ')' || Peek("OR"))
            {
                return parts.Count switch
                {
                    0 => static _ => true,
                    1 => parts[0],
                    _ => x => parts.TrueForAll(p => p(x)),
                };
            }

            if (!Word("AND"))
            {
                parts.Add(Single(match, warnings));
            }
        }
    }

    private Func<T, bool> Single<T>(Func<Term, Func<T, bool>?> match, List<(string Field, string Message)> warnings)
    {
        if (Word("NOT") || Char('-'))
        {
            var negated = Single(match, warnings);
            return x => !negated(x);
        }

        if (Char('('))
        {
            var inner = Or(match, warnings);
            Char(')');
            return inner;
        }

        var term = ReadTerm();
        if (match(term) is { } found)
        {
            return found;
        }

        warnings.Add((term.Field ?? "default", "Invalid search field for this query."));
        return static _ => true;
    }

    private Term ReadTerm()
    {
        Blank();
        var head = Piece(stopAtColon: true);
        if (!Char(':', skipBlank: false))
        {
            return new Term(null, "=", head);
        }

        var comparison = "=";
        foreach (var sign in new[] { ">=", "<=", ">", "<" })
        {
            if (_text.AsSpan(_at).StartsWith(sign))
            {
                comparison = sign;
                _at += sign.Length;
                break;
            }
        }

        return new Term(head, comparison, Piece(stopAtColon: false));
    }

    private string Piece(bool stopAtColon)
    {
        var result = new StringBuilder();
        if (_at < _text.Length && _text[_at] is '\'' or '"')
        {
            var quote = _text[_at++];
            while (_at < _text.Length && _text[_at] != quote)
            {
                if (_text[_at] == '\\' && _at + 1 < _text.Length)
                {
                    _at++;
                }

                result.Append(_text[_at++]);
            }

            _at = Math.Min(_at + 1, _text.Length);
            return result.ToString();
        }

        while (_at < _text.Length && !char.IsWhiteSpace(_text[_at]) && _text[_at] is not ('(' or ')')
            && !(stopAtColon && _text[_at] == ':'))
        {
            if (_text[_at] == '\\' && _at + 1 < _text.Length)
            {
                _at++;
            }

            result.Append(_text[_at++]);
        }

        return result.ToString();
    }

    private void Blank()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }

    private bool Char(char c, bool skipBlank = true)
    {
        if (skipBlank)
        {
            Blank();
        }

        if (_at >= _text.Length || _text[_at] != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private bool Peek(string word)
    {
        Blank();
        var end = _at + word.Length;
        return _text.AsSpan(_at).StartsWith(word) && (end == _text.Length || char.IsWhiteSpace(_text[end]) || _text[end] == '(');
    }

    private bool Word(string word)
    {
        if (!Peek(word))
        {
            return false;
        }

        _at += word.Length;
        return true;
    }
}
